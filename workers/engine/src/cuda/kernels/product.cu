// Dot products: blocks of 1,024 terms, each one chain of fused multiply-adds from +0, block results added in order.
//
// A product is a structure P that says how its factors are read: an operand has rows (of A: the output's rows, of B: the
// output's columns) and terms (along k). What a row and what a term contribute to an address is found separately, so
// that little is left to do for each element. KFAST: neighbours along k are neighbours in memory.

#define DOT_BLOCK 1024u

// What all products have. Outputs are `batches` matrices of m x n; `splits` is the number of k's blocks if every block
// has thread blocks of its own, whose results lie `partial` floats apart, or else 1.
struct Product {
    float* y;
    u64 partial;
    u32 m, n, k;
    u32 batches;
    Length tiles_n;   // Tiles along n (or columns, where each thread computes one output).
    Length tiles;     // Tiles of a matrix.
    Length splits;
    u32 work;         // tiles * splits * batches.
    u32 row_stride;   // From one row of the output to the next.
    Length columns;   // Columns of an image; behind them the next image begins.
    u32 image_stride;
};

// What a thread block (or thread) works at.
struct Part {
    u32 batch, split, row, column;
};

DEVICE Part part_of(const Product& p, u32 index) {
    Part part;
    u32 matrix = quotient(index, p.tiles);
    u32 tile = index - matrix * p.tiles.len;
    part.batch = quotient(matrix, p.splits);
    part.split = matrix - part.batch * p.splits.len;
    part.row = quotient(tile, p.tiles_n);
    part.column = tile - part.row * p.tiles_n.len;
    return part;
}

// Where column j of the output begins.
DEVICE u32 column_at(const Product& p, u32 j) {
    u32 image = quotient(j, p.columns);
    return image * p.image_stride + (j - image * p.columns.len);
}

// The terms of which a part computes the sum: one block of k, or all.
DEVICE void terms_of(const Product& p, const Part& part, u32& begin, u32& end) {
    begin = p.splits.len > 1 ? part.split * DOT_BLOCK : 0;
    end = p.splits.len > 1 ? min(begin + DOT_BLOCK, p.k) : p.k;
}

// Each thread computes one output: for products of few rows.
template <class P> DEVICE void dot(const P& p) {
    for (u32 index = first_index(); index < p.product.work; index += all_threads()) {
        Part part = part_of(p.product, index);
        typename P::A a(p, part.batch);
        typename P::B b(p, part.batch);
        auto row = a.row(part.row);
        auto column = b.row(part.column);
        u32 begin, end;
        terms_of(p.product, part, begin, end);
        float total = 0.0f;
        for (u32 block = begin; block < end; block += DOT_BLOCK) {
            float sum = 0.0f;
            u32 until = min(block + DOT_BLOCK, end);
#pragma unroll 4
            for (u32 k = block; k < until; k++) sum = __fmaf_rn(a.load(row, a.term(k)), b.load(column, b.term(k)), sum);
            total = block == begin ? sum : __fadd_rn(total, sum);
        }
        float* y = p.product.y + part.split * p.product.partial + p.first(part.batch);
        y[part.row * p.product.row_stride + column_at(p.product, part.column)] = number(total);
    }
}

// Adds partial results in order; then times a scale, unless that is 1.
struct Join {
    const float* x;
    float* y;
    u64 partial;
    u32 n, parts;
    u32 takes_max;
    u32 is_scaled;
    float scale;
};

KERNEL(join, Join) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        float total = p.x[e];
#pragma unroll 4
        for (u32 part = 1; part < p.parts; part++) {
            float x = p.x[part * p.partial + e];
            total = p.takes_max ? max_of(total, x) : __fadd_rn(total, x);
        }
        p.y[e] = number(p.is_scaled ? __fmul_rn(total, p.scale) : total);
    }
}
