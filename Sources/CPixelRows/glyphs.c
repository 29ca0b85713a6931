#include "CPixelRows.h"

typedef struct {
    uint32_t code_point;
    uint16_t rows[VP_GLYPH_ROWS];
} glyph;

/* In the order of their code points. */
static const glyph glyphs[] = {
#include "glyphs.h"
};

size_t vp_glyph_count(void) { return sizeof glyphs / sizeof *glyphs; }

uint32_t vp_glyph_code_point(size_t index) { return glyphs[index].code_point; }

const uint16_t *vp_glyph_rows(size_t index) { return glyphs[index].rows; }
