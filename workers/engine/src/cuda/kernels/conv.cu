// Convolutions and their gradients as products, without making the matrix of patches: an operand finds where it reads.
//
// A batch is a group of channels. `place` is what a row or a term contributes: an offset, and a row and a column that
// are checked against the image when both are known.

struct ConvArgs {
    Product product;
    const float* a;
    const float* b;
    u32 h, w;               // Of x.
    u32 yh, yw;
    u32 kernel[2], stride[2], dilation[2], before[2];
    u32 x_image, y_image;   // Floats of an image: all channels.
    u32 x_group, y_group;   // Floats of a group's channels in an image.
    u32 w_group, w_channel; // Floats of a group's weights, and of one output channel's.
    Length kernel_items, kernel_columns; // kh * kw, kw.
    Length y_pixels, y_columns;
    Length x_pixels, x_columns;
    Length stride_rows, stride_columns;
    u32 first_y;            // Floats of the output from one group to the next.
};

struct Place {
    u32 offset;
    int row, column;
};

DEVICE Place place(u32 offset, int row, int column) {
    Place place = {offset, row, column};
    return place;
}

// Row index and column of an index that counts along `columns`, behind whole `items`.
struct Split {
    u32 outer, row, column;
};

DEVICE Split split(u32 index, const Length& items, const Length& columns) {
    Split s;
    s.outer = quotient(index, items);
    u32 inner = index - s.outer * items.len;
    s.row = quotient(inner, columns);
    s.column = inner - s.row * columns.len;
    return s;
}

// A window of x's, from y's pixel: its first item.
DEVICE Place window(const ConvArgs& p, u32 index) {
    Split at = split(index, p.y_pixels, p.y_columns);
    return place(at.outer * p.x_image, (int)(at.row * p.stride[0]) - (int)p.before[0],
                 (int)(at.column * p.stride[1]) - (int)p.before[1]);
}

// A channel and an item of a window.
DEVICE Place item(const ConvArgs& p, u32 index) {
    Split at = split(index, p.kernel_items, p.kernel_columns);
    return place(at.outer * p.h * p.w, (int)(at.row * p.dilation[0]), (int)(at.column * p.dilation[1]));
}

DEVICE Place outside() { return place(0, -(1 << 30), 0); }

// An item of x, +0 outside.
DEVICE float of_x(const ConvArgs& p, const float* x, const Place& a, const Place& b) {
    u32 row = (u32)(a.row + b.row), column = (u32)(a.column + b.column);
    return row < p.h && column < p.w ? x[a.offset + b.offset + row * p.w + column] : 0.0f;
}

// Rows of which each term is one float, at an offset: weights, or dy's channels.
struct Offsets {
    static const bool KFAST = true;
    typedef u32 Row;
    const float* x;
    u32 rows, row_stride;
    Length inner;           // Terms that are neighbours.
    u32 outer;              // Floats from such a run to the next.

    DEVICE u32 row(u32 index) const { return index < rows ? index * row_stride : 0xffffffffu; }
    DEVICE u32 term(u32 index) const {
        u32 run = quotient(index, inner);
        return run * outer + (index - run * inner.len);
    }
    DEVICE float load(u32 row, u32 term) const { return row != 0xffffffffu ? x[row + term] : 0.0f; }
};

struct ConvForward : ConvArgs {
    // The weights of the group's output channels.
    struct A : Offsets {
        DEVICE A(const ConvForward& p, u32 group) {
            x = p.a + group * p.w_group;
            rows = p.product.m;
            row_stride = p.w_channel;
            inner = p.kernel_items;
            outer = p.kernel_items.len;
        }
    };
    // Windows of x.
    struct B {
        static const bool KFAST = false;
        typedef Place Row;
        const ConvArgs& p;
        const float* x;
        DEVICE B(const ConvForward& p, u32 group) : p(p), x(p.b + group * p.x_group) {}
        DEVICE Place row(u32 index) const { return index < p.product.n ? window(p, index) : outside(); }
        DEVICE Place term(u32 index) const { return item(p, index); }
        DEVICE float load(const Place& row, const Place& term) const { return of_x(p, x, row, term); }
    };
    DEVICE u32 first(u32 group) const { return group * first_y; }
};

struct ConvInput : ConvArgs {
    // The weights of the group's input channels; terms are (output channel, item).
    struct A : Offsets {
        DEVICE A(const ConvInput& p, u32 group) {
            x = p.a + group * p.w_group;
            rows = p.product.m;
            row_stride = p.kernel_items.len;
            inner = p.kernel_items;
            outer = p.w_channel;
        }
    };
    // dy at the window of which x's pixel is an item, +0 if there is none.
    struct B {
        static const bool KFAST = false;
        typedef Place Row;
        const ConvArgs& p;
        const float* dy;
        DEVICE B(const ConvInput& p, u32 group) : p(p), dy(p.b + group * p.y_group) {}
        DEVICE Place row(u32 index) const {
            if (index >= p.product.n) return outside();
            Split at = split(index, p.x_pixels, p.x_columns);
            return place(at.outer * p.y_image, (int)(at.row + p.before[0]), (int)(at.column + p.before[1]));
        }
        DEVICE Place term(u32 index) const {
            Split at = split(index, p.kernel_items, p.kernel_columns);
            return place(at.outer * p.y_pixels.len, -(int)(at.row * p.dilation[0]), -(int)(at.column * p.dilation[1]));
        }
        DEVICE float load(const Place& a, const Place& b) const {
            int row = a.row + b.row, column = a.column + b.column;
            if (row < 0 || column < 0) return 0.0f;
            u32 y_row = quotient((u32)row, p.stride_rows), y_column = quotient((u32)column, p.stride_columns);
            bool whole = y_row * p.stride[0] == (u32)row && y_column * p.stride[1] == (u32)column;
            return whole && y_row < p.yh && y_column < p.yw ? dy[a.offset + b.offset + y_row * p.yw + y_column] : 0.0f;
        }
    };
    DEVICE u32 first(u32 group) const { return group * first_y; }
};

struct ConvWeight : ConvArgs {
    // The group's channels of dy; terms are (image, pixel).
    struct A : Offsets {
        DEVICE A(const ConvWeight& p, u32 group) {
            x = p.a + group * p.y_group;
            rows = p.product.m;
            row_stride = p.y_pixels.len;
            inner = p.y_pixels;
            outer = p.y_image;
        }
    };
    // Item (channel, row, column) of the windows of x.
    struct B {
        static const bool KFAST = true;
        typedef Place Row;
        const ConvArgs& p;
        const float* x;
        DEVICE B(const ConvWeight& p, u32 group) : p(p), x(p.b + group * p.x_group) {}
        DEVICE Place row(u32 index) const { return index < p.product.n ? item(p, index) : outside(); }
        DEVICE Place term(u32 index) const { return window(p, index); }
        DEVICE float load(const Place& row, const Place& term) const { return of_x(p, x, row, term); }
    };
    DEVICE u32 first(u32 group) const { return group * first_y; }
};
