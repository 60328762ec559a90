# The release build: what the steps further down run as build/release/freshet.
. "$lib"
build release
