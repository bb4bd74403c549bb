/* Pass and check any JSON value; its text is kept unchanged. */
#ifndef AFSCHRIFT_DOCUMENTS_H
#define AFSCHRIFT_DOCUMENTS_H

#include "numbers.h"
#include "strings.h"

enum { DEEPEST = 400 }; /* deeper nesting is left to the other reader, whose limit is that of the interpreter */

struct nest {
    uint8_t closing[DEEPEST]; /* '}' or ']', from the outermost */
    int depth;
};

static bool pass_name(struct cursor *cursor) {
    pass_blanks(cursor);
    if (!passes(cursor, '"') || !pass_string(cursor))
        return false;
    pass_blanks(cursor);
    return passes(cursor, ':');
}

static bool pass_scalar(struct cursor *cursor) {
    if (cursor->at == cursor->end)
        return false;
    switch (*cursor->at) {
    case '"':
        cursor->at++;
        return pass_string(cursor);
    case 't':
        return passes_word(cursor, "true");
    case 'f':
        return passes_word(cursor, "false");
    case 'n':
        return passes_word(cursor, "null");
    default:
        return pass_number(cursor);
    }
}

/* Pass the opening of an object or array, up to its first value, or all of an empty one. `*inside`: a value comes
   next. */
static enum verdict open_nested(struct cursor *cursor, struct nest *nest, bool *inside) {
    uint8_t closing = *cursor->at++ == '{' ? '}' : ']';
    pass_blanks(cursor);
    *inside = !passes(cursor, closing);
    if (!*inside)
        return READ;
    if (nest->depth == DEEPEST)
        return LEFT;
    nest->closing[nest->depth++] = closing;
    return closing == ']' || pass_name(cursor) ? READ : REFUSED;
}

/* After a value: pass closing brackets, up to the next value or the end of the document. */
static bool go_on(struct cursor *cursor, struct nest *nest) {
    while (nest->depth > 0) {
        uint8_t closing = nest->closing[nest->depth - 1];
        pass_blanks(cursor);
        if (passes(cursor, ','))
            return closing == ']' || pass_name(cursor);
        if (!passes(cursor, closing))
            return false;
        nest->depth--;
    }
    return true;
}

static enum verdict pass_document(struct cursor *cursor) {
    struct nest nest;
    nest.depth = 0;
    do {
        pass_blanks(cursor);
        bool inside = false;
        if (cursor->at != cursor->end && (*cursor->at == '{' || *cursor->at == '[')) {
            enum verdict verdict = open_nested(cursor, &nest, &inside);
            if (verdict != READ)
                return verdict;
        } else if (!pass_scalar(cursor)) {
            return REFUSED;
        }
        if (!inside && !go_on(cursor, &nest))
            return REFUSED;
    } while (nest.depth > 0);
    return READ;
}

#endif
