/* Input of the test programs, and how they check the columns that were handed over. */
#ifndef AFSCHRIFT_GIVEN_H
#define AFSCHRIFT_GIVEN_H

#include <inttypes.h>
#include <stdio.h>

#include "../src/columns.h"

static bool take(void *into, size_t size) { return fread(into, 1, size, stdin) == size; }

static uint8_t *taken(int64_t size) {
    uint8_t *bytes = malloc((size_t)size);
    if (size > 0 && (bytes == NULL || !take(bytes, (size_t)size)))
        abort();
    return bytes;
}

static int64_t number(void) {
    int64_t value = 0;
    if (!take(&value, sizeof value) || value < 0 || value > INT32_MAX)
        abort();
    return value;
}

/* Check that offsets increase and that all bytes can be read; add up the bytes and NULLs of a column. */
static void look_at(const struct ArrowArray *column, int64_t *bytes, int64_t *nulls) {
    const int32_t *offsets = column->buffers[1];
    const uint8_t *validity = column->buffers[0], *data = column->buffers[2];
    static volatile uint8_t seen;
    int64_t missing = 0;
    for (int64_t row = 0; row < column->length; row++) {
        if (offsets[row] > offsets[row + 1])
            abort();
        missing += validity != NULL && (validity[row / 8] >> (row % 8) & 1) == 0;
        for (int32_t at = offsets[row]; at < offsets[row + 1]; at++)
            seen = data[at];
    }
    (void)seen;
    if (missing != column->null_count)
        abort();
    *bytes += offsets[column->length];
    *nulls += missing;
}

/* Print a line: the verdict, a position, rows, bytes and NULLs of all columns; release the columns. */
static void print_line(int32_t verdict, int64_t place, struct ArrowArray *array) {
    int64_t rows = 0, bytes = 0, nulls = 0;
    if (verdict == READ) {
        rows = array->length;
        for (int64_t column = 0; column < array->n_children; column++)
            look_at(array->children[column], &bytes, &nulls);
        array->release(array);
    }
    printf("%" PRId32 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", verdict, place, rows, bytes, nulls);
}

#endif
