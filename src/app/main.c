#include "freshet/app/command.h"

int main(int argc, char **argv) { return fr_command_main(argc, argv); }
