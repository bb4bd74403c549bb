/* The columns of a plan: the name of each in an object, and the values that it may have. */
#ifndef AFSCHRIFT_FIELDS_H
#define AFSCHRIFT_FIELDS_H

#include "documents.h"

/* Kinds of values; each may be `null`. */
enum kind { TEXT = 0, INTEGER = 1, NUMBER = 2, BOOLEAN = 3, DOCUMENT = 4 };

struct field {
    uint8_t *name; /* quoted, with its colon, and zeros up to a multiple of eight bytes */
    uint64_t *masks; /* of those words: the bytes that count */
    int64_t name_size, words;
    enum kind kind;
    struct texts texts;
    struct texts strings; /* of a NUMBER: values that are strings in the file, such as NaN */
    uint8_t respell;      /* of a NUMBER: Arrow may spell a value differently than the file */
};

static inline bool passes_member(struct cursor *cursor, const struct field *field) {
    uint64_t other = 0;
    if (left(cursor) >= 8 * field->words) {
        for (int64_t word = 0; word < field->words; word++)
            other |= (eight_bytes(cursor->at + 8 * word) ^ eight_bytes(field->name + 8 * word)) & field->masks[word];
    } else {
        other = left(cursor) < field->name_size ||
                memcmp(cursor->at, field->name, (size_t)field->name_size) != 0;
    }
    if (other != 0)
        return false;
    cursor->at += field->name_size;
    return true;
}

static enum verdict take_bytes(struct texts *texts, int64_t row, const uint8_t *from, const struct cursor *cursor) {
    if (!add_bytes(texts, from, cursor->at - from, cursor->end))
        return NO_MEMORY;
    end_text(texts, row);
    return READ;
}

static enum verdict take_integer(struct cursor *cursor, struct texts *texts, int64_t row) {
    const uint8_t *from = cursor->at;
    if (!pass_integer(cursor))
        return REFUSED;
    if (cursor->at - from > LONGEST_INTEGER)
        return LEFT;
    if (cursor->at - from == 2 && from[0] == '-' && from[1] == '0')
        from++; /* an integer zero has no sign */
    return take_bytes(texts, row, from, cursor);
}

static enum verdict take_number(struct cursor *cursor, struct field *field, int64_t row) {
    const uint8_t *from = cursor->at;
    if (!pass_number(cursor))
        return REFUSED;
    if (!fits_double(from, cursor->at - from))
        return LEFT;
    if (cursor->at - from == 2 && from[0] == '-' && from[1] == '0')
        from++; /* spelt as an integer, so without sign as well */
    if (!is_arrows_own(from, cursor->at - from))
        field->respell = 1;
    if (!add_null(&field->strings, row))
        return NO_MEMORY;
    return take_bytes(&field->texts, row, from, cursor);
}

static enum verdict take_null(struct cursor *cursor, struct field *field, int64_t row) {
    if (!passes_word(cursor, "null"))
        return REFUSED;
    if (!add_null(&field->texts, row) || (field->kind == NUMBER && !add_null(&field->strings, row)))
        return NO_MEMORY;
    return READ;
}

static enum verdict take_document(struct cursor *cursor, struct texts *texts, int64_t row) {
    const uint8_t *from = cursor->at;
    enum verdict verdict = pass_document(cursor);
    return verdict == READ ? take_bytes(texts, row, from, cursor) : verdict;
}

static enum verdict take_text(struct cursor *cursor, struct field *field, int64_t row) {
    struct texts *texts = field->kind == NUMBER ? &field->strings : &field->texts;
    cursor->at++;
    if (field->kind == NUMBER && !add_null(&field->texts, row))
        return NO_MEMORY;
    enum verdict verdict = take_string(cursor, texts);
    if (verdict == READ)
        end_text(texts, row);
    return verdict;
}

static enum verdict take_value(struct cursor *cursor, struct field *field, int64_t row) {
    if (cursor->at == cursor->end)
        return REFUSED;
    const uint8_t *from = cursor->at;
    if (*from == 'n')
        return take_null(cursor, field, row);
    if (field->kind == DOCUMENT)
        return take_document(cursor, &field->texts, row);
    if (field->kind == BOOLEAN)
        return passes_word(cursor, "true") || passes_word(cursor, "false")
                   ? take_bytes(&field->texts, row, from, cursor)
                   : REFUSED;
    if (*from == '"')
        return take_text(cursor, field, row);
    if (field->kind == INTEGER)
        return take_integer(cursor, &field->texts, row);
    return field->kind == NUMBER ? take_number(cursor, field, row) : REFUSED;
}

#endif
