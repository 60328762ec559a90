# gcc, debug, warnings as errors.
. "$lib"
build dev
