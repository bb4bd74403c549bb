/* Strings of JSON (RFC 8259, section 7). The bytes were checked to be UTF-8. */
#ifndef AFSCHRIFT_STRINGS_H
#define AFSCHRIFT_STRINGS_H

#if defined(__SSE2__) && !defined(AFSCHRIFT_NO_SSE2)
#include <emmintrin.h>
#endif

#include "texts.h"
#include "utf8.h"

/* Write a character, whose code is no surrogate and at most 0x10FFFF; return its number of bytes. */
static int put_character(uint8_t *to, uint32_t code) {
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t marks[] = {0, 0xC0, 0xE0, 0xF0};
    for (int place = more; place > 0; place--, code >>= 6)
        to[place] = (uint8_t)(0x80 | (code & 0x3F));
    to[0] = (uint8_t)(marks[more] | code);
    return more + 1;
}

/* The next byte with a meaning in a string: a quote, a backslash or a control character; or the end. */
static inline const uint8_t *plain_end(const uint8_t *at, const uint8_t *end) {
#if defined(__SSE2__) && !defined(AFSCHRIFT_NO_SSE2)
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        __m128i found = _mm_or_si128(_mm_or_si128(quote, slash), control);
        int mask = _mm_movemask_epi8(found);
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (end - at >= 8) {
        uint64_t word = eight_bytes(at), quote = word ^ EVERY('"'), slash = word ^ EVERY('\\');
        uint64_t found = ((quote - EVERY(1)) & ~quote) | ((slash - EVERY(1)) & ~slash) |
                         ((word - EVERY(0x20)) & ~word);
        found &= EVERY(0x80);
        if (found != 0) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + __builtin_ctzll(found) / 8; /* the lowest bit is exact, higher ones may be carries */
#else
            break;
#endif
        }
        at += 8;
    }
    while (at != end && *at != '"' && *at != '\\' && *at >= 0x20)
        at++;
    return at;
}

static bool pass_four_hex(struct cursor *cursor, uint32_t *code) {
    if (left(cursor) < 4)
        return false;
    *code = 0;
    for (int place = 0; place < 4; place++) {
        uint8_t byte = *cursor->at++, lower = byte | 0x20;
        if (is_digit(byte))
            *code = *code << 4 | (uint32_t)(byte - '0');
        else if (lower >= 'a' && lower <= 'f')
            *code = *code << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Pass an escape after its backslash, into the character it means. A surrogate is only accepted in a pair. */
static bool pass_escape(struct cursor *cursor, uint32_t *code) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (cursor->at == cursor->end)
        return false;
    uint8_t letter = *cursor->at++;
    if (letter != 'u') {
        const char *found = letter == 0 ? NULL : strchr(letters, letter);
        if (found != NULL)
            *code = (uint8_t)meanings[found - letters];
        return found != NULL;
    }
    if (!pass_four_hex(cursor, code))
        return false;
    if (*code < 0xD800 || *code > 0xDFFF)
        return true;
    uint32_t low = 0;
    if (*code > 0xDBFF || !passes(cursor, '\\') || !passes(cursor, 'u') || !pass_four_hex(cursor, &low))
        return false;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return low >= 0xDC00 && low <= 0xDFFF;
}

/* Pass a string after its first quote, and its last quote. */
static bool pass_string(struct cursor *cursor) {
    uint32_t code;
    for (;;) {
        cursor->at = plain_end(cursor->at, cursor->end);
        if (passes(cursor, '"'))
            return true;
        if (!passes(cursor, '\\') || !pass_escape(cursor, &code))
            return false;
    }
}

/* The same, and add the characters to a text. */
static enum verdict take_string(struct cursor *cursor, struct texts *texts) {
    uint32_t code = 0;
    for (;;) {
        const uint8_t *from = cursor->at;
        cursor->at = plain_end(from, cursor->end);
        if (!add_bytes(texts, from, cursor->at - from, cursor->end))
            return NO_MEMORY;
        if (passes(cursor, '"'))
            return READ;
        if (!passes(cursor, '\\') || !pass_escape(cursor, &code))
            return REFUSED;
        texts->used += put_character(texts->data + texts->used, code); /* SLACK bytes are free here */
    }
}

#endif
