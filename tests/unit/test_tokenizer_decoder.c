/* Ids -> text, streamed. */
#include "check.h"
#include "small_vocabulary.h"

/* Pushes one id and gives what came out. */
static const char *push(small_vocabulary *s, phi_decoder *d, int32_t id)
{
    s->decoded[phi_decoder_push(s->decoded, d, s->t, id)] = 0;
    return (const char *)s->decoded;
}

static const char *flush(small_vocabulary *s, phi_decoder *d)
{
    s->decoded[phi_decoder_flush(s->decoded, d)] = 0;
    return (const char *)s->decoded;
}

static int32_t byte_id(unsigned byte)
{
    return 3 + (int32_t)byte;
}

TEST(tokenizer_decoder__never_cuts_a_character)
{
    small_vocabulary *s = small_open_spm();
    CHECK_INT(small_create(s), PHI_OK);
    phi_decoder d = phi_decoder_open(false, false);
    CHECK_TEXT(push(s, &d, byte_id(0xf0)), "");
    CHECK_TEXT(push(s, &d, byte_id(0x9f)), "");
    CHECK_TEXT(push(s, &d, byte_id(0x98)), "");
    CHECK_TEXT(push(s, &d, byte_id(0x80)), "\xf0\x9f\x98\x80");
    CHECK_TEXT(push(s, &d, byte_id('a')), "a");
    CHECK_TEXT(flush(s, &d), "");
    small_close(s);
}

TEST(tokenizer_decoder__replaces_what_cannot_be_a_character)
{
    small_vocabulary *s = small_open_spm();
    CHECK_INT(small_create(s), PHI_OK);
    phi_decoder d = phi_decoder_open(false, false);
    CHECK_TEXT(push(s, &d, byte_id(0xff)), "\xef\xbf\xbd");
    CHECK_TEXT(push(s, &d, byte_id(0xf0)), "");
    CHECK_TEXT(push(s, &d, byte_id(0x9f)), "");
    CHECK_TEXT(push(s, &d, byte_id('a')), "\xef\xbf\xbd"
                                          "a"); /* one for the two bytes, as WHATWG's decoder */
    CHECK_TEXT(push(s, &d, byte_id(0xe4)), "");
    CHECK_TEXT(push(s, &d, byte_id(0xe4)), "\xef\xbf\xbd");
    CHECK_TEXT(flush(s, &d), "\xef\xbf\xbd");
    CHECK_TEXT(flush(s, &d), "");
    small_close(s);
}

TEST(tokenizer_decoder__drops_the_first_space_of_a_text_once)
{
    small_vocabulary *s = small_open_spm();
    const int32_t space = small_add(s, PHI_STR(SPACE_MARK), 0, PHI_TOKEN_NORMAL);
    const int32_t word = small_add(s, PHI_STR(SPACE_MARK "a" SPACE_MARK "b"), 0, PHI_TOKEN_NORMAL);
    CHECK_INT(small_create(s), PHI_OK);
    phi_decoder d = phi_decoder_open(true, false);
    CHECK_TEXT(push(s, &d, s->v.bos_id), "");
    CHECK_TEXT(push(s, &d, word), "a b");
    CHECK_TEXT(push(s, &d, word), " a b");
    d = phi_decoder_open(true, false);
    CHECK_TEXT(push(s, &d, space), "");
    CHECK_TEXT(push(s, &d, space), " ");
    d = phi_decoder_open(false, false);
    CHECK_TEXT(push(s, &d, word), " a b");
    s->v.adds_space_prefix = false;
    CHECK_INT(small_create(s), PHI_OK);
    d = phi_decoder_open(true, false);
    CHECK_TEXT(push(s, &d, word), " a b");
    small_close(s);
}

TEST(tokenizer_decoder__shows_special_tokens_on_request)
{
    small_vocabulary *s = small_open_spm();
    const int32_t end = small_add(s, PHI_STR("<|end|>"), 0, PHI_TOKEN_CONTROL);
    const int32_t own = small_add(s, PHI_STR("[own]"), 0, PHI_TOKEN_USER_DEFINED);
    const int32_t spaces = small_add(s, PHI_STR(SPACE_MARK SPACE_MARK), 0, PHI_TOKEN_USER_DEFINED);
    const int32_t pad = small_add(s, PHI_STR("[PAD]"), 0, PHI_TOKEN_UNUSED);
    CHECK_INT(small_create(s), PHI_OK);
    phi_decoder hides = phi_decoder_open(true, false);
    phi_decoder shows = phi_decoder_open(true, true);
    CHECK_TEXT(push(s, &hides, end), "");
    CHECK_TEXT(push(s, &shows, end), "<|end|>");
    CHECK_TEXT(push(s, &hides, pad), "");
    CHECK_TEXT(push(s, &shows, pad), "[PAD]");
    CHECK_TEXT(push(s, &hides, own), "[own]");
    CHECK_TEXT(push(s, &hides, spaces), "  ");
    CHECK_TEXT(push(s, &hides, -1), "");
    CHECK_TEXT(push(s, &hides, 1000000), "");
    small_close(s);
}

TEST(tokenizer_decoder__the_longest_token_fits)
{
    static char long_text[PHI_LIMIT_TOKEN_BYTES];
    memset(long_text, 0xff, sizeof long_text);
    small_vocabulary *s = small_open_spm();
    const int32_t id = small_add(s, (phi_str){long_text, sizeof long_text}, 0, PHI_TOKEN_NORMAL);
    CHECK_INT(small_create(s), PHI_OK);
    phi_decoder d = phi_decoder_open(false, false);
    (void)push(s, &d, byte_id(0xf0));
    CHECK_INT(phi_decoder_push(s->decoded, &d, s->t, id), 3 * (sizeof long_text + 1));
    small_close(s);
}
