/* Bytes that are read, with their end: nothing is read at or behind it. */
#ifndef AFSCHRIFT_BYTES_H
#define AFSCHRIFT_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What is said of a run of records. READ: its values were handed out. REFUSED: it is not what our writer writes.
   LEFT: it has something on which this reader does not judge. */
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

/* Whether this byte comes next; it is passed then. */
static inline bool passes(struct cursor *cursor, uint8_t byte) {
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

/* The same of a word of JSON: `null`, `true`, `false`. */
static inline bool passes_word(struct cursor *cursor, const char *word) {
    int64_t size = (int64_t)strlen(word);
    if (left(cursor) < size || memcmp(cursor->at, word, (size_t)size) != 0)
        return false;
    cursor->at += size;
    return true;
}

/* White space of RFC 8259 but for the line break, which stands between records alone. */
static inline void pass_blanks(struct cursor *cursor) {
    while (cursor->at != cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r'))
        cursor->at++;
}

static inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/* Passes digits; how many. */
static inline int64_t pass_digits(struct cursor *cursor) {
    const uint8_t *from = cursor->at;
    while (cursor->at != cursor->end && is_digit(*cursor->at))
        cursor->at++;
    return cursor->at - from;
}

#endif
