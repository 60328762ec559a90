# The systemd unit: its sandbox by systemd's own judgement (0 safe, 100 exposed), where systemd is installed.
command -v systemd-analyze > /dev/null || { echo "no systemd-analyze here"; exit 77; }
systemd-analyze security --offline=true --threshold=20 config/freshet.service
