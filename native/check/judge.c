/* Reads runs of records with afschrift_read, in a build with sanitizers: each run is in memory of exactly its size,
   and each byte of the result is read.

   Input, numbers of eight bytes in the order of this machine: the number of columns; of each its kind (a byte), the
   size of its name and its name; then runs: whether they are lines (a byte), their size, their bytes.
   Output, a line a run: verdict, place, rows, bytes and NULLs of all columns. */
#include "given.h"

#include "../src/reader.c"

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

int main(void) {
    int64_t count = number(), row;
    struct reader *reader = opened(count);
    uint8_t *respell = calloc((size_t)count, 1);
    for (int lines = getchar(); lines != EOF; lines = getchar()) {
        int64_t size = number();
        uint8_t *run = taken(size);
        struct ArrowArray array;
        int32_t verdict = afschrift_read(reader, run, size, lines, &array, respell, &row);
        free(run);
        print_line(verdict, row, &array);
    }
    afschrift_close(reader);
    free(respell);
    return 0;
}
