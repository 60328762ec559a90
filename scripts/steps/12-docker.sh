# The container files by their linters; they cannot be run where there is no container engine.
. "$lib"
python_tools
"$venv/bin/hadolint" docker/Dockerfile
"$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker/compose.yaml
