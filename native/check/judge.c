/* Judges runs of records, as afschrift_read does, for a build with sanitizers: each run lies in memory of exactly its
   size, and each byte that is handed over is looked at.

   Input, numbers of eight bytes in the order of this machine: the number of columns; of each its kind (a byte), the
   size of its name and its name; then runs: whether they are lines (a byte), their size, their bytes.
   Output, a line a run: verdict, place, rows, bytes and NULLs of all columns. */
#include <inttypes.h>
#include <stdio.h>

#include "../src/reader.c"

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

static struct reader *opened(int64_t count) {
    uint8_t *names = NULL, *kinds = malloc((size_t)count);
    int64_t *ends = malloc((size_t)count * sizeof *ends), size = 0;
    for (int64_t place = 0; place < count; place++) {
        kinds[place] = (uint8_t)getchar();
        int64_t more = number();
        names = realloc(names, (size_t)(size + more));
        if (!take(names + size, (size_t)more))
            abort();
        ends[place] = size += more;
    }
    struct reader *reader = afschrift_open(count, names, ends, kinds);
    free(names);
    free(ends);
    free(kinds);
    return reader;
}

/* Whether no offset goes back and all bytes are there; adds up what a column has. */
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

int main(void) {
    int64_t count = number(), row;
    struct reader *reader = opened(count);
    uint8_t *respell = calloc((size_t)count, 1);
    for (int lines = getchar(); lines != EOF; lines = getchar()) {
        int64_t size = number(), bytes = 0, nulls = 0, rows = 0;
        uint8_t *run = taken(size);
        struct ArrowArray array;
        int32_t verdict = afschrift_read(reader, run, size, lines, &array, respell, &row);
        if (verdict == READ) {
            rows = array.length;
            for (int64_t place = 0; place < array.n_children; place++)
                look_at(array.children[place], &bytes, &nulls);
            array.release(&array);
        }
        free(run);
        printf("%" PRId32 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", verdict, row, rows, bytes, nulls);
    }
    afschrift_close(reader);
    free(respell);
    return 0;
}
