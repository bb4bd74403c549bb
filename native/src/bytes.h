/* A cursor over bytes, with their end: no byte at or after the end is read. */
#ifndef AFSCHRIFT_BYTES_H
#define AFSCHRIFT_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The verdict on a run of records. READ: its values were handed over. REFUSED: our writer does not write this.
   LEFT: it has something that this reader leaves to the other one. */
enum verdict { READ = 0, REFUSED = 1, LEFT = 2, NO_MEMORY = 3 };

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))

static inline uint64_t eight_bytes(const uint8_t *from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline int64_t left(const struct cursor *cursor) { return cursor->end - cursor->at; }

/* Pass this byte if it comes next; whether it did. */
static inline bool passes(struct cursor *cursor, uint8_t byte) {
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

/* The same for a word of JSON: `null`, `true`, `false`. */
static inline bool passes_word(struct cursor *cursor, const char *word) {
    int64_t size = (int64_t)strlen(word);
    if (left(cursor) < size || memcmp(cursor->at, word, (size_t)size) != 0)
        return false;
    cursor->at += size;
    return true;
}

/* Pass white space of RFC 8259, except line breaks: they are only between records. */
static inline void pass_blanks(struct cursor *cursor) {
    while (cursor->at != cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r'))
        cursor->at++;
}

static inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/* Pass digits; return how many. */
static inline int64_t pass_digits(struct cursor *cursor) {
    const uint8_t *from = cursor->at;
    while (cursor->at != cursor->end && is_digit(*cursor->at))
        cursor->at++;
    return cursor->at - from;
}

#endif
