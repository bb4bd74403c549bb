/* Numbers of JSON (RFC 8259, section 6), and which of them are spelt as Arrow spells a double. */
#ifndef AFSCHRIFT_NUMBERS_H
#define AFSCHRIFT_NUMBERS_H

#include "bytes.h"

enum { LONGEST_INTEGER = 18, LONGEST_NUMBER = 40, LARGEST_EXPONENT = 250 };

/* Pass an integer; whether there is one. */
static bool pass_integer(struct cursor *cursor) {
    passes(cursor, '-');
    const uint8_t *from = cursor->at;
    int64_t digits = pass_digits(cursor);
    return digits == 1 || (digits > 1 && *from != '0');
}

static bool pass_number(struct cursor *cursor) {
    if (!pass_integer(cursor) || (passes(cursor, '.') && pass_digits(cursor) == 0))
        return false;
    if (!passes(cursor, 'e') && !passes(cursor, 'E'))
        return true;
    if (!passes(cursor, '-'))
        passes(cursor, '+');
    return pass_digits(cursor) > 0;
}

/* Whether a number is well within the range of a double, so that any exact parser reads its text. */
static bool fits_double(const uint8_t *text, int64_t size) {
    if (size > LONGEST_NUMBER)
        return false;
    struct cursor cursor = {text, text + size};
    while (cursor.at != cursor.end && (*cursor.at | 0x20) != 'e')
        cursor.at++;
    int64_t exponent = 0;
    for (; cursor.at != cursor.end && exponent <= LARGEST_EXPONENT; cursor.at++)
        if (is_digit(*cursor.at))
            exponent = exponent * 10 + (*cursor.at - '0');
    return exponent <= LARGEST_EXPONENT;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

static int bits(uint64_t value) { return 64 - __builtin_clzll(value); }

/* Whether `digits` / 10^`places` is the shortest decimal of its double and the nearest one of that length. In
   exact integers: the value as f / 2^s with a mantissa f of 53 bits, and the two neighbouring shorter decimals, which
   must lie outside the interval that rounds to f. False if that is close. `digits` < 10^17 and does not end in 0. */
static bool is_shortest(uint64_t digits, int places) {
    uint64_t power = 1;
    for (int place = 0; place < places; place++)
        power *= 10;
    int shift = 53 + bits(power) - bits(digits);
    wide scaled = (wide)digits << shift;
    uint64_t mantissa = (uint64_t)(scaled / power);
    if (mantissa >> 53 != 0) {
        mantissa >>= 1;
        scaled = (wide)digits << --shift;
    }
    uint64_t rest = (uint64_t)(scaled - (wide)mantissa * power);
    if (rest > power - rest) {
        mantissa++;
        rest = power - rest;
    } else if (rest == power - rest) {
        return false;
    }
    if (mantissa <= UINT64_C(1) << 52 || mantissa >> 53 != 0 || (wide)rest >= (wide)1 << (shift - 1))
        return false;
    wide shorter = digits - digits % 10;
    return shorter << (shift + 1) < (wide)(2 * mantissa - 1) * power &&
           (shorter + 10) << (shift + 1) > (wide)(2 * mantissa + 1) * power;
}

/* Whether a number of the grammar above is certainly spelt as Arrow spells its double: from 0.000001 to below 10^10
   without an exponent. */
static bool is_arrows_own(const uint8_t *text, int64_t size) {
    struct cursor cursor = {text, text + size};
    passes(&cursor, '-');
    const uint8_t *whole = cursor.at;
    int64_t before = pass_digits(&cursor), places = 0, count = 0, zeros = 0;
    if (passes(&cursor, '.'))
        places = pass_digits(&cursor);
    if (cursor.at != cursor.end || before > 10 || places > 19)
        return false;
    uint64_t digits = 0;
    for (const uint8_t *at = whole; at != cursor.end; at++) {
        if (*at == '.')
            continue;
        if (count == 0 && *at == '0')
            zeros++;
        else if (++count > 17)
            return false;
        digits = digits * 10 + (uint64_t)(*at - '0');
    }
    if (places == 0)
        return true; /* every such integer is exact; `-0` never comes here */
    return zeros <= 6 && digits % 10 != 0 && is_shortest(digits, (int)places);
}
#else
static bool is_arrows_own(const uint8_t *text, int64_t size) { return size == 1 && *text != '-'; }
#endif

#endif
