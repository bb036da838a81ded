/* SPDX-License-Identifier: MIT */
/*
 * tests/test_siphash.c - the hash is SipHash-1-3.
 */
#include "tests/suites.h"

#include "base/siphash.h"

/* Key and messages of the SipHash paper: bytes 0, 1, 2, ... */
static const uint64_t key[2] = {
    UINT64_C(0x0706050403020100),
    UINT64_C(0x0f0e0d0c0b0a0908),
};

START_TEST(vectors_of_the_reference)
{
    /* The published vectors for 1 and 3 rounds. */
    static const uint64_t expected[] = {
        UINT64_C(0xabac0158050fc4dc), UINT64_C(0xc9f49bf37d57ca93),
        UINT64_C(0x82cb9b024dc7d44d), UINT64_C(0x8bf80ab8e7ddf7fb),
        UINT64_C(0xcf75576088d38328), UINT64_C(0xdef9d52f49533b67),
        UINT64_C(0xc50d2b50c59f22a7), UINT64_C(0xd3927d989bb11140),
        UINT64_C(0x369095118d299a8e), UINT64_C(0x25a48eb36c063de4),
        UINT64_C(0x79de85ee92ff097f), UINT64_C(0x70c118c1f94dc352),
        UINT64_C(0x78a384b157b4d9a2), UINT64_C(0x306f760c1229ffa7),
        UINT64_C(0x605aa111c0f95d34), UINT64_C(0xd320d86d2a519956),
        UINT64_C(0xcc4fdd1a7d908b66), UINT64_C(0x9cf2689063dbd80c),
    };
    enum { COUNT = sizeof(expected) / sizeof(expected[0]) };
    unsigned char message[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        message[i] = (unsigned char)i;
        uint64_t hash = wr_siphash13(key, message, i);
        ck_assert_msg(hash == expected[i], "%zu bytes", i);
    }
}
END_TEST

START_TEST(alignment_does_not_matter)
{
    unsigned char buffer[64] = {0};
    uint64_t first = 0;

    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i < 21; i++) {
            buffer[shift + i] = (unsigned char)(i * 7);
        }
        uint64_t hash = wr_siphash13(key, buffer + shift, 21);
        first = shift == 0 ? hash : first;
        ck_assert(hash == first);
    }
}
END_TEST

START_TEST(nothing_hashes_and_keys_differ)
{
    static const uint64_t other[2] = {1, 2};

    ck_assert(wr_siphash13(key, NULL, 0) != wr_siphash13(other, NULL, 0));
    ck_assert(wr_siphash13(key, "a", 1) != wr_siphash13(other, "a", 1));
    ck_assert(wr_siphash13(key, "\0", 1) != wr_siphash13(key, NULL, 0));
}
END_TEST

Suite *
wr_suite_siphash(void)
{
    Suite *suite = suite_create("siphash");
    TCase *tc = tcase_create("siphash");

    tcase_add_test(tc, vectors_of_the_reference);
    tcase_add_test(tc, alignment_does_not_matter);
    tcase_add_test(tc, nothing_hashes_and_keys_differ);
    suite_add_tcase(suite, tc);
    return suite;
}
