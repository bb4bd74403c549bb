/* Reads what our JSON writer writes: one object a line, with the members of a plan in their order, from a run of
   complete records into columns of texts. Every read is bounded, and there is no recursion. */
#include "columns.h"
#include "fields.h"

#define VERSION 2 /* of the functions here and in csv.c, and of the rules by which they accept a file */

struct reader {
    int64_t count;
    int64_t shortest; /* bytes of an object, at least */
    struct field fields[];
};

int32_t afschrift_version(void);
void afschrift_close(struct reader *reader);
struct reader *afschrift_open(int64_t count, const uint8_t *names, const int64_t *ends, const uint8_t *kinds);
int32_t afschrift_read(struct reader *reader, const uint8_t *data, int64_t size, int32_t lines,
                       struct ArrowArray *array, uint8_t *respell, int64_t *row);

int32_t afschrift_version(void) { return VERSION; }

void afschrift_close(struct reader *reader) {
    for (int64_t place = 0; reader != NULL && place < reader->count; place++) {
        struct field *field = &reader->fields[place];
        drop_texts(&field->texts);
        drop_texts(&field->strings);
        free(field->name);
        free(field->masks);
    }
    free(reader);
}

static bool name_field(struct field *field, const uint8_t *name, int64_t size) {
    field->name_size = size;
    field->words = (size + 7) / 8;
    field->name = calloc((size_t)field->words + 1, 8);
    field->masks = calloc((size_t)field->words + 1, 8);
    if (field->name == NULL || field->masks == NULL)
        return false;
    memcpy(field->name, name, (size_t)size);
    memset(field->masks, 0xFF, (size_t)size);
    return true;
}

/* Open a reader of columns. `names`: their names as members of an object, quoted and with colon, concatenated;
   `ends`: where each ends. NULL: no memory. */
struct reader *afschrift_open(int64_t count, const uint8_t *names, const int64_t *ends, const uint8_t *kinds) {
    struct reader *reader = calloc(1, sizeof *reader + (size_t)count * sizeof(struct field));
    if (reader == NULL)
        return NULL;
    reader->count = count;
    reader->shortest = 1;
    for (int64_t place = 0; place < count; place++) {
        int64_t from = place == 0 ? 0 : ends[place - 1];
        reader->fields[place].kind = (enum kind)kinds[place];
        if (!name_field(&reader->fields[place], names + from, ends[place] - from)) {
            afschrift_close(reader);
            return NULL;
        }
        reader->shortest += ends[place] - from + 2; /* a separator and a value */
    }
    return reader;
}

static enum verdict take_object(struct reader *reader, struct cursor *cursor, int64_t row) {
    for (int64_t place = 0; place < reader->count; place++) {
        struct field *field = &reader->fields[place];
        if (!passes(cursor, place == 0 ? '{' : ','))
            return REFUSED;
        pass_blanks(cursor);
        if (!passes_member(cursor, field))
            return REFUSED;
        pass_blanks(cursor);
        enum verdict verdict = take_value(cursor, field, row);
        if (verdict != READ)
            return verdict;
        pass_blanks(cursor);
    }
    if (!passes(cursor, '}'))
        return REFUSED;
    pass_blanks(cursor);
    return READ;
}

/* The largest number of objects that a run may have. */
static int64_t rows_at_most(const struct reader *reader, const uint8_t *data, int64_t size) {
    int64_t breaks = 0, possible = size / reader->shortest;
    const uint8_t *at = data, *end = data + size;
    while (at != end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        breaks++;
        at++;
    }
    return 1 + (breaks < possible ? breaks : possible);
}

static bool begin_columns(struct reader *reader, int64_t rows) {
    for (int64_t place = 0; place < reader->count; place++) {
        struct field *field = &reader->fields[place];
        field->respell = 0;
        if (!begin_texts(&field->texts, rows) || (field->kind == NUMBER && !begin_texts(&field->strings, rows)))
            return false;
    }
    return true;
}

/* Hand all columns over: for a NUMBER a column of its numbers and then one of its strings. */
static bool hand_fields(struct reader *reader, int64_t rows, struct ArrowArray *array, uint8_t *respell) {
    struct texts **texts = malloc((size_t)(2 * reader->count) * sizeof *texts);
    int64_t used = 0;
    if (texts == NULL)
        return false;
    for (int64_t place = 0; place < reader->count; place++) {
        struct field *field = &reader->fields[place];
        respell[place] = field->respell;
        texts[used++] = &field->texts;
        if (field->kind == NUMBER)
            texts[used++] = &field->strings;
    }
    bool handed = hand_columns(texts, used, rows, array);
    free(texts);
    return handed;
}

/* Read a run of records: `{...}`, each with `,` and a line break between it and the next, or (`lines`) with a line
   break alone. Return a verdict; at READ `array` has the columns and `respell` a flag a field, else `row` is the
   number of the faulty object, from 0. */
int32_t afschrift_read(struct reader *reader, const uint8_t *data, int64_t size, int32_t lines,
                       struct ArrowArray *array, uint8_t *respell, int64_t *row) {
    *row = 0;
    if (size > INT32_MAX)
        return LEFT; /* so that 32-bit offsets suffice for each column */
    if (!is_utf8(data, size))
        return REFUSED;
    int64_t most = rows_at_most(reader, data, size);
    if (!begin_columns(reader, most))
        return NO_MEMORY;
    struct cursor cursor = {data, data + size};
    for (;; ++*row) {
        /* row `most` cannot occur by the sizes above; if it did, nothing would be written for it */
        enum verdict verdict = *row == most ? REFUSED : take_object(reader, &cursor, *row);
        if (verdict != READ)
            return verdict;
        if (cursor.at == cursor.end)
            return hand_fields(reader, *row + 1, array, respell) ? READ : NO_MEMORY;
        if ((!lines && !passes(&cursor, ',')) || !passes(&cursor, '\n'))
            return REFUSED;
    }
}
