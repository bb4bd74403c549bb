/* Reads CSV by RFC 4180 as our writer writes it: a comma between values, CRLF behind each record, quotes doubled
   within quotes. From a block of bytes to columns of texts, as far as its records are whole. */
#include "columns.h"
#include "utf8.h"

struct csv_reader {
    int64_t count, marker_size;
    uint8_t *marker; /* the unquoted text for NULL */
    struct texts texts[];
};

/* Result for a block. `records`, `bytes`: number and size of its complete records; `row`: the faulty record, from 0;
   `uneven`: that record has more or fewer values than there are columns. */
struct csv_seen {
    int64_t records, bytes, row;
    int32_t uneven;
};

struct csv_reader *afschrift_csv_open(int64_t count, const uint8_t *marker, int64_t marker_size);
void afschrift_csv_close(struct csv_reader *reader);
int32_t afschrift_csv_read(struct csv_reader *reader, const uint8_t *data, int64_t size, struct ArrowArray *array,
                           struct csv_seen *seen);

void afschrift_csv_close(struct csv_reader *reader) {
    for (int64_t place = 0; reader != NULL && place < reader->count; place++)
        drop_texts(&reader->texts[place]);
    if (reader != NULL)
        free(reader->marker);
    free(reader);
}

/* Open a reader of `count` columns. NULL: no memory. */
struct csv_reader *afschrift_csv_open(int64_t count, const uint8_t *marker, int64_t marker_size) {
    struct csv_reader *reader = calloc(1, sizeof *reader + (size_t)count * sizeof(struct texts));
    if (reader == NULL)
        return NULL;
    reader->count = count;
    reader->marker_size = marker_size;
    reader->marker = malloc((size_t)marker_size + 1);
    if (reader->marker == NULL) {
        afschrift_csv_close(reader);
        return NULL;
    }
    memcpy(reader->marker, marker, (size_t)marker_size);
    return reader;
}

/* What follows a value. MORE: the block ends before that is known. */
enum ending { COMMA, RECORD, MORE, NEITHER };

static enum ending pass_ending(struct cursor *cursor) {
    if (passes(cursor, ','))
        return COMMA;
    if (cursor->at == cursor->end)
        return MORE;
    if (!passes(cursor, '\r'))
        return NEITHER;
    if (cursor->at == cursor->end)
        return MORE;
    return passes(cursor, '\n') ? RECORD : NEITHER;
}

static inline uint64_t has_zero(uint64_t word) { return (word - EVERY(0x01)) & ~word & EVERY(0x80); }

static inline bool has_mark(uint64_t word) {
    return (has_zero(word ^ EVERY(',')) | has_zero(word ^ EVERY('"')) | has_zero(word ^ EVERY('\r')) |
            has_zero(word ^ EVERY('\n'))) != 0;
}

/* Pass an unquoted value, up to the first byte that is a separator or a quote. */
static void pass_bare(struct cursor *cursor) {
    while (left(cursor) >= 8 && !has_mark(eight_bytes(cursor->at)))
        cursor->at += 8;
    while (cursor->at != cursor->end && *cursor->at != ',' && *cursor->at != '"' && *cursor->at != '\r' &&
           *cursor->at != '\n')
        cursor->at++;
}

/* Take a quoted value, after its first quote. LEFT: its end is not in the block. */
static enum verdict take_quoted(struct cursor *cursor, struct texts *texts) {
    for (;;) {
        const uint8_t *from = cursor->at, *quote = memchr(from, '"', (size_t)left(cursor));
        if (quote == NULL || quote + 1 == cursor->end)
            return LEFT;
        bool doubled = quote[1] == '"';
        if (!add_bytes(texts, from, quote - from + doubled, cursor->end))
            return NO_MEMORY;
        cursor->at = quote + 1 + doubled;
        if (!doubled)
            return READ;
    }
}

static enum verdict take_csv_value(const struct csv_reader *reader, struct cursor *cursor, struct texts *texts,
                                   int64_t row) {
    if (passes(cursor, '"')) {
        enum verdict verdict = take_quoted(cursor, texts);
        if (verdict == READ)
            end_text(texts, row);
        return verdict;
    }
    const uint8_t *from = cursor->at;
    pass_bare(cursor);
    int64_t size = cursor->at - from;
    if (size == reader->marker_size && memcmp(from, reader->marker, (size_t)size) == 0)
        return add_null(texts, row) ? READ : NO_MEMORY;
    if (!add_bytes(texts, from, size, cursor->end))
        return NO_MEMORY;
    end_text(texts, row);
    return READ;
}

/* Take a record. LEFT: it is continued in the next block. */
static enum verdict take_record(struct csv_reader *reader, struct cursor *cursor, struct csv_seen *seen) {
    for (int64_t place = 0; place < reader->count; place++) {
        enum verdict verdict = take_csv_value(reader, cursor, &reader->texts[place], seen->records);
        if (verdict != READ)
            return verdict;
        enum ending ending = pass_ending(cursor);
        if (ending == MORE)
            return LEFT;
        bool last = place + 1 == reader->count;
        if (ending == (last ? RECORD : COMMA))
            continue;
        seen->uneven = ending != NEITHER;
        return REFUSED;
    }
    return READ;
}

/* Uncount the NULLs of a record that is continued in the next block. */
static void forget_record(struct csv_reader *reader, int64_t row) {
    for (int64_t place = 0; place < reader->count; place++) {
        struct texts *texts = &reader->texts[place];
        if (texts->validity != NULL && !(texts->validity[row / 8] >> (row % 8) & 1))
            texts->nulls--;
    }
}

static bool begin_csv(struct csv_reader *reader, const uint8_t *data, int64_t size) {
    int64_t most = 1; /* one for a last record that is not complete */
    for (int64_t place = 0; place < size; place++)
        most += data[place] == '\n';
    int64_t shortest = reader->count + 1;
    most = 1 + (most < size / shortest + 1 ? most : size / shortest + 1);
    for (int64_t place = 0; place < reader->count; place++)
        if (!begin_texts(&reader->texts[place], most))
            return false;
    return true;
}

static bool hand_csv(struct csv_reader *reader, int64_t rows, struct ArrowArray *array) {
    struct texts **texts = malloc((size_t)(reader->count + 1) * sizeof *texts);
    if (texts == NULL)
        return false;
    for (int64_t place = 0; place < reader->count; place++)
        texts[place] = &reader->texts[place];
    bool handed = hand_columns(texts, reader->count, rows, array);
    free(texts);
    return handed;
}

/* Read the complete records at the start of a block. Return a verdict; at READ `array` has their columns. */
int32_t afschrift_csv_read(struct csv_reader *reader, const uint8_t *data, int64_t size, struct ArrowArray *array,
                           struct csv_seen *seen) {
    *seen = (struct csv_seen){0};
    if (size > INT32_MAX)
        return LEFT;
    if (!begin_csv(reader, data, size))
        return NO_MEMORY;
    struct cursor cursor = {data, data + size};
    while (cursor.at != cursor.end) {
        enum verdict verdict = take_record(reader, &cursor, seen);
        if (verdict == LEFT) {
            forget_record(reader, seen->records);
            break;
        }
        if (verdict != READ) {
            seen->row = seen->records;
            return verdict;
        }
        seen->records++;
        seen->bytes = cursor.at - data;
    }
    if (!is_utf8(data, seen->bytes)) {
        seen->row = -1;
        return REFUSED;
    }
    return hand_csv(reader, seen->records, array) ? READ : NO_MEMORY;
}
