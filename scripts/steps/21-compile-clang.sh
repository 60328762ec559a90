# clang, debug, warnings as errors.
. "$lib"
build clang
