/* SPDX-License-Identifier: MIT */
/*
 * lab/main.c - nothing but main(): the rest is a library that tests link.
 */
#include "lab/lab.h"

int
main(int argc, char **argv)
{
    return wr_lab_main(argc, argv);
}
