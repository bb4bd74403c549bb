/* Reads while allocations fail, in a build with sanitizers: first the first allocation fails, then the second, and so
   on until none did. Each reading ends with a result or with NO_MEMORY; the sanitizers report memory that is never
   freed, or freed twice. Output, a line a format: how many allocations failed. */
#include <stdio.h>
#include <stdlib.h>

static long given; /* allocations that succeed before one fails */

static void *scarce_malloc(size_t size) { return given-- == 0 ? NULL : malloc(size); }
static void *scarce_calloc(size_t count, size_t size) { return given-- == 0 ? NULL : calloc(count, size); }
static void *scarce_realloc(void *from, size_t size) { return given-- == 0 ? NULL : realloc(from, size); }

#define malloc scarce_malloc
#define calloc scarce_calloc
#define realloc scarce_realloc
#include "../src/reader.c"

#include "../src/csv.c"
#undef malloc

enum { ROWS = 40, TIMES = 3 }; /* enough rows that columns grow; a reader is used again after an allocation failed */

static const char *record;
static int64_t size;
static uint8_t *run;

/* Make ROWS records, in memory of exactly their size. */
static void begin(const char *of) {
    record = of;
    size = (int64_t)strlen(record) * ROWS;
    run = malloc((size_t)size);
    for (int row = 0; run != NULL && row < ROWS; row++)
        memcpy(run + (size_t)row * strlen(record), record, strlen(record));
}

/* Whether every allocation succeeded. */
static bool ended(int32_t verdict, struct ArrowArray *array) {
    if (verdict != READ && verdict != NO_MEMORY)
        abort();
    if (verdict == READ)
        array->release(array);
    return verdict == READ;
}

static bool json_read(void) {
    static const int64_t ends[] = {4, 8, 12};
    static const uint8_t kinds[] = {TEXT, NUMBER, DOCUMENT};
    struct reader *reader = afschrift_open(3, (const uint8_t *)"\"a\":\"b\":\"c\":", ends, kinds);
    uint8_t respell[3];
    struct ArrowArray array;
    int64_t row;
    bool all = reader != NULL;
    for (int time = 0; reader != NULL && time < TIMES; time++)
        all &= ended(afschrift_read(reader, run, size - 1, true, &array, respell, &row), &array);
    afschrift_close(reader);
    return all;
}

static bool csv_read(void) {
    struct csv_reader *reader = afschrift_csv_open(2, (const uint8_t *)"\\N", 2);
    struct csv_seen seen;
    struct ArrowArray array;
    bool all = reader != NULL;
    for (int time = 0; reader != NULL && time < TIMES; time++)
        all &= ended(afschrift_csv_read(reader, run, size - time, &array, &seen), &array);
    afschrift_csv_close(reader);
    return all;
}

static void starve(const char *of, bool (*reads)(void)) {
    long refused = 0;
    begin(of);
    for (given = 0; !reads(); given = refused)
        refused++;
    free(run);
    printf("%ld\n", refused);
}

int main(void) {
    starve("{\"a\":\"x\\ny\",\"b\":1.5,\"c\":[{}]}\n{\"a\":null,\"b\":\"NaN\",\"c\":null}\n", json_read);
    starve("\"a \"\"b\"\"\",\\N\r\n\\N,c\r\n", csv_read);
    return 0;
}
