/* Matchers of the published patterns, all of which are alternations tried in order at the end of the last piece:
 *
 *   gpt2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *   cl100k  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
 *           |\s*[\r\n]+|\s+(?!\S)|\s+
 *   o200k   [^\r\n\p{L}\p{N}]?U*D+(?i:'s|…)?|[^\r\n\p{L}\p{N}]?U+D*(?i:'s|…)?|\p{N}{1,3}
 *           | ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *           with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and D = [\p{Ll}\p{Lm}\p{Lo}\p{M}]
 *
 * They differ in how they find words; numbers, symbols and white space are one function each. */
#include "pretokenize.h"

#include "unicode_class.h"
#include "utf8.h"

enum {
    ANY_LETTER = PHI_CLASS_UPPER | PHI_CLASS_LOWER | PHI_CLASS_LETTER,
    SYMBOL = PHI_CLASS_OTHER | PHI_CLASS_MARK, /* [^\s\p{L}\p{N}] */
    O200K_UPPER = PHI_CLASS_UPPER | PHI_CLASS_LETTER | PHI_CLASS_MARK,
    O200K_LOWER = PHI_CLASS_LOWER | PHI_CLASS_LETTER | PHI_CLASS_MARK
};

typedef enum word_pattern { WORDS_GPT2, WORDS_CL100K, WORDS_O200K } word_pattern;

struct phi_pretokenizer {
    word_pattern words;
    size_t digits_max;    /* of a piece of digits; 0: any number */
    bool isolates_digits; /* digits are cut out first: what is before one ends there like a text */
    bool takes_whole;
};

static const phi_pretokenizer gpt2 = {WORDS_GPT2, 0, false, false};
static const phi_pretokenizer single_digits = {WORDS_GPT2, 1, true, false};
static const phi_pretokenizer cl100k = {WORDS_CL100K, 3, false, false};
static const phi_pretokenizer llama3 = {WORDS_CL100K, 3, false, true};
static const phi_pretokenizer qwen2 = {WORDS_CL100K, 1, false, false};
static const phi_pretokenizer o200k = {WORDS_O200K, 3, false, false};

/* The names that llama.cpp's converter writes as tokenizer.ggml.pre. */
#define NAMES(X)                  \
    X("default", gpt2)            \
    X("gpt-2", gpt2)              \
    X("phi-2", gpt2)              \
    X("olmo", gpt2)               \
    X("mpt", gpt2)                \
    X("smollm", single_digits)    \
    X("starcoder", single_digits) \
    X("refact", single_digits)    \
    X("command-r", single_digits) \
    X("dbrx", cl100k)             \
    X("smaug-bpe", cl100k)        \
    X("llama-bpe", llama3)        \
    X("llama3", llama3)           \
    X("llama-v3", llama3)         \
    X("qwen2", qwen2)             \
    X("stablelm2", qwen2)         \
    X("deepseek-r1-qwen", qwen2)  \
    X("gpt-4o", o200k)            \
    X("llama4", o200k)

const phi_pretokenizer *phi_pretokenizer_find(phi_str name)
{
    if (name.len == 0)
        name = PHI_STR("default");
#define ROW(row_name, row)                      \
    if (phi_str_equal(name, PHI_STR(row_name))) \
        return &(row);
    NAMES(ROW)
#undef ROW
    return NULL;
}

const char *phi_pretokenizer_names(void)
{
#define ROW(row_name, row) " " row_name
    return &NAMES(ROW)[1];
#undef ROW
}

bool phi_pretokenizer_takes_whole(const phi_pretokenizer *p)
{
    return p->takes_whole;
}

typedef struct glyph {
    uint32_t kind; /* one bit of PHI_CLASS_… */
    size_t end;
} glyph;

static glyph look(phi_str s, size_t at)
{
    if (at >= s.len)
        return (glyph){PHI_CLASS_END, at};
    int32_t code_point;
    const size_t n = phi_utf8_decode(&code_point, (const uint8_t *)s.ptr + at, s.len - at);
    return (glyph){phi_unicode_class(code_point), at + n};
}

static size_t run_end(phi_str s, size_t at, uint32_t kinds)
{
    for (glyph g = look(s, at); g.kind & kinds; g = look(s, at))
        at = g.end;
    return at;
}

static char byte_at(phi_str s, size_t at)
{
    return at < s.len ? s.ptr[at] : '\0';
}

static bool is_newline(phi_str s, size_t at)
{
    return byte_at(s, at) == '\r' || byte_at(s, at) == '\n';
}

static char small_letter(char c, bool any_case)
{
    return any_case && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* 's 't 're 've 'm 'll 'd: where it ends, or `at`. Without case, U+017F is an s too (simple case folding). */
static size_t contraction_end(phi_str s, size_t at, bool any_case)
{
    if (byte_at(s, at) != '\'')
        return at;
    const char a = small_letter(byte_at(s, at + 1), any_case);
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return at + 2;
    const char b = small_letter(byte_at(s, at + 2), any_case);
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l'))
        return at + 3;
    if (any_case && byte_at(s, at + 1) == '\xc5' && byte_at(s, at + 2) == '\xbf')
        return at + 3;
    return at;
}

/* [^\r\n\p{L}\p{N}]? */
static size_t word_prefix_end(phi_str s, size_t at)
{
    const glyph g = look(s, at);
    const bool fits = !(g.kind & (ANY_LETTER | PHI_CLASS_NUMBER | PHI_CLASS_END)) && !is_newline(s, at);
    return fits ? g.end : at;
}

/* U*D+, by backtracking: U* takes all it can, and gives back until a character of D follows. Returns `at` for none. */
static size_t small_word_end(phi_str s, size_t at)
{
    size_t last_end = at; /* of the last character that is in U and in D */
    size_t pos = at;
    for (glyph g = look(s, pos); g.kind & O200K_UPPER; g = look(s, pos)) {
        if (g.kind & O200K_LOWER)
            last_end = g.end;
        pos = g.end;
    }
    const size_t end = run_end(s, pos, O200K_LOWER);
    return end > pos ? end : last_end;
}

/* U+D*. Returns `at` for none. */
static size_t capital_word_end(phi_str s, size_t at)
{
    const size_t capitals_end = run_end(s, at, O200K_UPPER);
    return capitals_end > at ? run_end(s, capitals_end, O200K_LOWER) : at;
}

static size_t o200k_word_end(phi_str s, size_t at)
{
    size_t (*const words[2])(phi_str, size_t) = {small_word_end, capital_word_end};
    const size_t prefix_end = word_prefix_end(s, at);
    for (size_t i = 0; i < 2; i++) {
        size_t end = words[i](s, prefix_end);
        if (end > prefix_end)
            return contraction_end(s, end, true);
        end = prefix_end > at ? words[i](s, at) : at; /* a mark may be the prefix or the word */
        if (end > at)
            return contraction_end(s, end, true);
    }
    return at;
}

static size_t cl100k_word_end(phi_str s, size_t at)
{
    const size_t short_end = contraction_end(s, at, true);
    if (short_end > at)
        return short_end;
    const size_t prefix_end = word_prefix_end(s, at);
    const size_t end = run_end(s, prefix_end, ANY_LETTER);
    return end > prefix_end ? end : at;
}

static size_t gpt2_word_end(phi_str s, size_t at)
{
    const size_t short_end = contraction_end(s, at, false);
    if (short_end > at)
        return short_end;
    const size_t start = at + (byte_at(s, at) == ' ');
    const size_t end = run_end(s, start, ANY_LETTER);
    return end > start ? end : at;
}

static size_t number_end(const phi_pretokenizer *p, phi_str s, size_t at)
{
    const bool may_begin_with_space = p->words == WORDS_GPT2 && !p->isolates_digits;
    const size_t start = at + (may_begin_with_space && byte_at(s, at) == ' ');
    size_t end = start;
    for (size_t n = 0; p->digits_max == 0 || n < p->digits_max; n++) {
        const glyph g = look(s, end);
        if (!(g.kind & PHI_CLASS_NUMBER))
            break;
        end = g.end;
    }
    return end > start ? end : at;
}

static size_t symbols_end(const phi_pretokenizer *p, phi_str s, size_t at)
{
    const size_t start = at + (byte_at(s, at) == ' ');
    size_t end = run_end(s, start, SYMBOL);
    if (end == start)
        return at;
    if (p->words != WORDS_GPT2)
        while (is_newline(s, end) || (p->words == WORDS_O200K && byte_at(s, end) == '/'))
            end++;
    return end;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ : up to the last line end; else all, or all but the last if something follows. */
static size_t space_end(const phi_pretokenizer *p, phi_str s, size_t at)
{
    size_t end = at;
    size_t last_start = at;
    size_t newlines_end = at;
    glyph g = look(s, end);
    for (; g.kind & PHI_CLASS_SPACE; g = look(s, end)) {
        last_start = end;
        if (is_newline(s, end))
            newlines_end = g.end;
        end = g.end;
    }
    if (p->words != WORDS_GPT2 && newlines_end > at)
        return newlines_end;
    const bool is_last = (g.kind & PHI_CLASS_END) || (p->isolates_digits && (g.kind & PHI_CLASS_NUMBER));
    return is_last || last_start == at ? end : last_start;
}

size_t phi_pretokenizer_piece_end(const phi_pretokenizer *p, phi_str text, size_t at)
{
    size_t end = p->words == WORDS_GPT2     ? gpt2_word_end(text, at)
                 : p->words == WORDS_CL100K ? cl100k_word_end(text, at)
                                            : o200k_word_end(text, at);
    if (end == at)
        end = number_end(p, text, at);
    if (end == at)
        end = symbols_end(p, text, at);
    return end == at ? space_end(p, text, at) : end;
}
