/* Reads blocks of CSV with afschrift_csv_read, in a build with sanitizers: each block is in memory of exactly its size,
   and each byte of the result is read.

   Input, numbers of eight bytes in the order of this machine: the number of columns, the size of the marker, the
   marker; then blocks: their size, their bytes. Output, a line a block: verdict, bytes of whole records, rows, bytes
   and NULLs of all columns. */
#include "given.h"

#include "../src/csv.c"

int main(void) {
    int64_t count = number(), marker_size = number();
    uint8_t *marker = taken(marker_size);
    struct csv_reader *reader = afschrift_csv_open(count, marker, marker_size);
    free(marker);
    for (int more = getchar(); more != EOF; more = getchar()) {
        ungetc(more, stdin);
        int64_t size = number();
        uint8_t *block = taken(size);
        struct ArrowArray array;
        struct csv_seen seen;
        int32_t verdict = afschrift_csv_read(reader, block, size, &array, &seen);
        free(block);
        print_line(verdict, seen.bytes, &array);
    }
    afschrift_csv_close(reader);
    return 0;
}
