// Operators that move elements. A moved NaN becomes the protocol's, as `Max(x, x)` does.

struct Move {
    const float* x;
    float* y;
    u32 n;
    u32 first;      // Where x's first element is.
    Axes axes;      // Of the output: strides of x.
};

// Reshape.
KERNEL(copy, Move) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) p.y[e] = number(p.x[e]);
}

// Transpose and Slice.
KERNEL(strided, Move) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) p.y[e] = number(p.x[p.first + offset_of(p.axes, 0, e)]);
}

// Transposing x's innermost axis with another: tiles of 32 x 32, so that both sides are read and written in rows.
struct Turn {
    const float* x;
    float* y;
    Length tiles_across; // Tiles along x's innermost axis.
    Length tiles;        // Tiles of a matrix.
    u32 rows, columns;   // Of y's matrix: its columns are y's innermost axis, its rows x's.
    u32 x_column;        // Stride of x along y's columns.
    u32 y_row;           // Stride of y along y's rows.
    Axes others;         // The remaining axes: strides of x and of y.
};

BLOCK_KERNEL(turn, Turn, 256) {
    SHARED float square[32][33];
    u32 matrix = quotient(blockIdx.x, p.tiles);
    u32 tile = blockIdx.x - matrix * p.tiles.len;
    u32 down = quotient(tile, p.tiles_across);
    u32 first_row = (tile - down * p.tiles_across.len) * 32, first_column = down * 32;
    const float* x = p.x + offset_of(p.others, 0, matrix);
    float* y = p.y + offset_of(p.others, 1, matrix);
    u32 fast = threadIdx.x % 32, slow = threadIdx.x / 32;
    for (u32 i = slow; i < 32; i += 8) {
        u32 row = first_row + fast, column = first_column + i;
        if (row < p.rows && column < p.columns) square[i][fast] = x[column * p.x_column + row];
    }
    __syncthreads();
    for (u32 i = slow; i < 32; i += 8) {
        u32 row = first_row + i, column = first_column + fast;
        if (row < p.rows && column < p.columns) y[row * p.y_row + column] = number(square[fast][i]);
    }
}

struct Pad {
    const float* x;
    float* y;
    u32 n;
    u32 start, step, items; // Item i is at `start + i * step`.
    Length step_length;
    Length inner;           // Elements of y behind the axis.
    Length axis;            // The axis' length in y.
};

KERNEL(pad, Pad) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 row = quotient(e, p.inner);
        u32 outer = quotient(row, p.axis);
        u32 place = row - outer * p.axis.len;
        float x = 0.0f;
        if (place >= p.start) {
            u32 item = quotient(place - p.start, p.step_length);
            if (item < p.items && p.start + item * p.step == place)
                x = p.x[(outer * p.items + item) * p.inner.len + (e - row * p.inner.len)];
        }
        p.y[e] = number(x);
    }
}

struct Concat {
    const float* a;
    const float* b;
    float* y;
    u32 n;
    u32 a_run, b_run; // Elements of each from one run of the other to the next.
    Length run;       // Both.
};

KERNEL(concat, Concat) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 run = quotient(e, p.run);
        u32 rest = e - run * p.run.len;
        p.y[e] = number(rest < p.a_run ? p.a[run * p.a_run + rest] : p.b[run * p.b_run + rest - p.a_run]);
    }
}
