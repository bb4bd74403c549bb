/* A growing column of texts: Arrow's `utf8`, with offsets of 32 bits. */
#ifndef AFSCHRIFT_TEXTS_H
#define AFSCHRIFT_TEXTS_H

#include <stdlib.h>

#include "arrow.h"
#include "bytes.h"

enum { SLACK = 16, SHORT = 64 }; /* free bytes at the end, so that short texts are copied in steps of 16 bytes */

struct texts {
    int32_t *offsets;
    uint8_t *validity; /* NULL pointer until there is a NULL value */
    uint8_t *data;
    int64_t used, room, rows, nulls;
    int64_t likely; /* bytes of the previous run, as a first guess */
};

static void drop_texts(struct texts *texts) {
    free(texts->offsets);
    free(texts->validity);
    free(texts->data);
    texts->offsets = NULL;
    texts->validity = texts->data = NULL;
}

/* Begin a column of at most `rows` rows. */
static bool begin_texts(struct texts *texts, int64_t rows) {
    drop_texts(texts);
    texts->used = texts->nulls = 0;
    texts->rows = rows;
    texts->room = texts->likely + texts->likely / 8 + 4 * SLACK;
    texts->offsets = malloc((size_t)(rows + 1) * sizeof *texts->offsets);
    texts->data = malloc((size_t)texts->room);
    if (texts->offsets == NULL || texts->data == NULL)
        return false;
    texts->offsets[0] = 0;
    return true;
}

static bool grow_texts(struct texts *texts, int64_t size) {
    int64_t room = 2 * texts->room + size + SLACK;
    uint8_t *data = realloc(texts->data, (size_t)room);
    if (data == NULL)
        return false;
    texts->data = data;
    texts->room = room;
    return true;
}

static inline bool has_room(struct texts *texts, int64_t size) {
    return texts->room - texts->used >= size + SLACK || grow_texts(texts, size);
}

/* Add bytes to the current text, and leave SLACK bytes free after them; `end` is the end of the input they are in. */
static inline bool add_bytes(struct texts *texts, const uint8_t *from, int64_t size, const uint8_t *end) {
    if (!has_room(texts, size))
        return false;
    uint8_t *to = texts->data + texts->used;
    if (size <= SHORT && end - from >= size + SLACK)
        for (int64_t place = 0; place < size; place += SLACK)
            memcpy(to + place, from + place, SLACK); /* a constant size: one instruction */
    else
        memcpy(to, from, (size_t)size);
    texts->used += size;
    return true;
}

/* The text of this row is complete. */
static inline void end_text(struct texts *texts, int64_t row) { texts->offsets[row + 1] = (int32_t)texts->used; }

static inline bool add_null(struct texts *texts, int64_t row) {
    size_t bytes = (size_t)(texts->rows / 8 + 1);
    if (texts->validity == NULL) {
        texts->validity = malloc(bytes);
        if (texts->validity == NULL)
            return false;
        memset(texts->validity, 0xFF, bytes);
    }
    texts->validity[row / 8] &= (uint8_t) ~(1u << (row % 8));
    texts->nulls++;
    end_text(texts, row);
    return true;
}

static void release_texts(struct ArrowArray *array) {
    const void **buffers = array->buffers;
    for (int place = 0; place < 3; place++)
        free((void *)buffers[place]);
    free(buffers);
    array->release = NULL;
}

/* Hand the column over; the next run begins a new one. */
static bool hand_over(struct texts *texts, int64_t rows, struct ArrowArray *array) {
    const void **buffers = malloc(3 * sizeof *buffers);
    if (buffers == NULL)
        return false;
    buffers[0] = texts->validity;
    buffers[1] = texts->offsets;
    buffers[2] = texts->data;
    *array = (struct ArrowArray){.length = rows, .null_count = texts->nulls, .n_buffers = 3, .buffers = buffers,
                                 .release = release_texts};
    texts->likely = texts->used;
    texts->offsets = NULL;
    texts->validity = texts->data = NULL;
    return true;
}

#endif
