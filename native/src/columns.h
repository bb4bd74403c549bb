/* All columns of a run: a struct of texts, by the Arrow C data interface. */
#ifndef AFSCHRIFT_COLUMNS_H
#define AFSCHRIFT_COLUMNS_H

#include "texts.h"

static void release_columns(struct ArrowArray *array) {
    for (int64_t place = 0; place < array->n_children; place++) {
        struct ArrowArray *child = array->children[place];
        if (child->release != NULL) /* else the receiver has taken this column over */
            child->release(child);
    }
    free(array->private_data);
    array->release = NULL;
}

/* Hand columns over; the next run begins new ones. */
static bool hand_columns(struct texts *const *texts, int64_t count, int64_t rows, struct ArrowArray *array) {
    struct columns {
        const void *none[1];
        struct ArrowArray *pointers[];
    };
    size_t pointers = sizeof(struct columns) + (size_t)count * sizeof(struct ArrowArray *);
    struct columns *columns = calloc(1, pointers + (size_t)count * sizeof(struct ArrowArray));
    if (columns == NULL)
        return false;
    struct ArrowArray *children = (struct ArrowArray *)(void *)((char *)columns + pointers);
    *array = (struct ArrowArray){.length = rows, .n_buffers = 1, .buffers = columns->none,
                                 .children = columns->pointers, .release = release_columns, .private_data = columns};
    for (int64_t place = 0; place < count; place++) {
        if (!hand_over(texts[place], rows, &children[place])) {
            release_columns(array);
            return false;
        }
        columns->pointers[place] = &children[place];
        array->n_children = place + 1;
    }
    return true;
}

#endif
