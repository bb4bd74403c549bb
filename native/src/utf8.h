/* UTF-8 by RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
#ifndef AFSCHRIFT_UTF8_H
#define AFSCHRIFT_UTF8_H

#include "bytes.h"

/* Number of bytes of the character that begins here; 0: no valid character does. */
static int character_size(const uint8_t *at, int64_t size) {
    uint8_t first = at[0], lowest = 0x80, highest = 0xBF;
    int bytes = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (bytes < 2)
        return bytes;
    if (size < bytes)
        return 0;
    if (first == 0xE0)
        lowest = 0xA0; /* below: overlong */
    else if (first == 0xED)
        highest = 0x9F; /* above: surrogates */
    else if (first == 0xF0)
        lowest = 0x90;
    else if (first == 0xF4)
        highest = 0x8F; /* above: beyond U+10FFFF */
    if (at[1] < lowest || at[1] > highest)
        return 0;
    for (int place = 2; place < bytes; place++)
        if ((at[place] & 0xC0) != 0x80)
            return 0;
    return bytes;
}

/* Skip ASCII, many bytes at a time. */
static inline const uint8_t *past_ascii(const uint8_t *at, const uint8_t *end) {
    enum { MANY = 64 };
    while (end - at >= MANY) {
        uint8_t all = 0;
        for (int place = 0; place < MANY; place++)
            all |= at[place];
        if (all >= 0x80)
            break;
        at += MANY;
    }
    while (end - at >= 8 && (eight_bytes(at) & EVERY(0x80)) == 0)
        at += 8;
    return at;
}

static bool is_utf8(const uint8_t *at, int64_t size) {
    const uint8_t *end = at + size;
    while ((at = past_ascii(at, end)) != end) {
        while (at != end && *at < 0x80)
            at++;
        if (at == end)
            return true;
        int bytes = character_size(at, end - at);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

#endif
