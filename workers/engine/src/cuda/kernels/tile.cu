// Products by tiles: 256 threads, of which each computes R x R squares of 4 x 4 outputs, 64 rows and columns apart, so
// that a tile has 64 R rows and columns. BK terms at a time lie in shared memory, twice: while one half is worked at,
// the other is filled. Terms are taken one by one and in order, never past the end: a chain that has become -0 must not
// meet a +0.

#define TILE_THREADS 256u

// One operand's way from memory to shared memory.
template <class Operand, u32 SIZE, u32 BK> struct Fetch {
    static const u32 COUNT = SIZE * BK / TILE_THREADS;
    static const u32 ROWS = Operand::KFAST ? COUNT : 1;
    typename Operand::Row rows[ROWS];
    u32 row, term;
    float values[COUNT];

    // From one value of a thread to its next: rows or terms.
    static const u32 STEP = Operand::KFAST ? TILE_THREADS / BK : TILE_THREADS / SIZE;

    DEVICE Fetch(const Operand& operand, u32 first) {
        row = Operand::KFAST ? threadIdx.x / BK : threadIdx.x % SIZE;
        term = Operand::KFAST ? threadIdx.x % BK : threadIdx.x / SIZE;
        for (u32 i = 0; i < ROWS; i++) rows[i] = operand.row(first + row + i * STEP);
    }

    DEVICE void read(const Operand& operand, u32 begin, u32 end) {
        if (Operand::KFAST) {
            u32 k = begin + term;
            auto at = operand.term(k);
#pragma unroll
            for (u32 i = 0; i < COUNT; i++) values[i] = k < end ? operand.load(rows[i % ROWS], at) : 0.0f;
        } else {
#pragma unroll
            for (u32 i = 0; i < COUNT; i++) {
                u32 k = begin + term + i * STEP;
                values[i] = k < end ? operand.load(rows[0], operand.term(k)) : 0.0f;
            }
        }
    }

    DEVICE void write(float (*to)[SIZE + 4]) {
#pragma unroll
        for (u32 i = 0; i < COUNT; i++) {
            if (Operand::KFAST) {
                to[term][row + i * STEP] = values[i];
            } else {
                to[term + i * STEP][row] = values[i];
            }
        }
    }
};

// Four neighbours in shared memory.
DEVICE void read_four(const float* from, float* to) {
    float4 four = *(const float4*)from;
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
}

template <u32 R, u32 SIZE> DEVICE void multiply(const float* a, const float* b, float (*sums)[4 * R]) {
    u32 y = threadIdx.x / 16 * 4, x = threadIdx.x % 16 * 4;
    float of_a[4 * R], of_b[4 * R];
#pragma unroll
    for (u32 r = 0; r < R; r++) {
        read_four(a + y + r * 64, of_a + 4 * r);
        read_four(b + x + r * 64, of_b + 4 * r);
    }
#pragma unroll
    for (u32 i = 0; i < 4 * R; i++)
#pragma unroll
        for (u32 j = 0; j < 4 * R; j++) sums[i][j] = __fmaf_rn(of_a[i], of_b[j], sums[i][j]);
}

template <class P, u32 R, u32 BK> DEVICE void tile(const P& p) {
    const u32 SIZE = 64 * R;
    SHARED float shared_a[2][BK][SIZE + 4];
    SHARED float shared_b[2][BK][SIZE + 4];
    Part part = part_of(p.product, blockIdx.x);
    typename P::A a(p, part.batch);
    typename P::B b(p, part.batch);
    u32 first_row = part.row * SIZE, first_column = part.column * SIZE;
    Fetch<typename P::A, SIZE, BK> fetch_a(a, first_row);
    Fetch<typename P::B, SIZE, BK> fetch_b(b, first_column);
    float* y = p.product.y + part.split * p.product.partial + p.first(part.batch);
    u32 begin, end;
    terms_of(p.product, part, begin, end);
    u32 half = 0;
    for (u32 block = begin; block < end; block += DOT_BLOCK) {
        u32 until = min(block + DOT_BLOCK, end);
        float sums[4 * R][4 * R];
#pragma unroll
        for (u32 i = 0; i < 4 * R; i++)
#pragma unroll
            for (u32 j = 0; j < 4 * R; j++) sums[i][j] = 0.0f;
        fetch_a.read(a, block, until);
        fetch_b.read(b, block, until);
        __syncthreads();
        fetch_a.write(shared_a[half]);
        fetch_b.write(shared_b[half]);
        __syncthreads();
        for (u32 k = block; k < until; k += BK) {
            bool more = k + BK < until;
            if (more) {
                fetch_a.read(a, k + BK, until);
                fetch_b.read(b, k + BK, until);
            }
            if (k + BK <= until) {
#pragma unroll
                for (u32 t = 0; t < BK; t++) multiply<R, SIZE>(shared_a[half][t], shared_b[half][t], sums);
            } else {
                for (u32 t = 0; t < until - k; t++) multiply<R, SIZE>(shared_a[half][t], shared_b[half][t], sums);
            }
            if (more) {
                half ^= 1;
                fetch_a.write(shared_a[half]);
                fetch_b.write(shared_b[half]);
                __syncthreads();
            }
        }
        // The total so far lies in the output: only this thread writes there.
        u32 row = first_row + threadIdx.x / 16 * 4, column = first_column + threadIdx.x % 16 * 4;
#pragma unroll
        for (u32 j = 0; j < 4 * R; j++) {
            u32 at_column = column + j / 4 * 64 + j % 4;
            if (at_column >= p.product.n) continue;
            u32 to = column_at(p.product, at_column);
#pragma unroll
            for (u32 i = 0; i < 4 * R; i++) {
                u32 at_row = row + i / 4 * 64 + i % 4;
                if (at_row >= p.product.m) continue;
                float* place = y + at_row * p.product.row_stride + to;
                *place = number(block == begin ? sums[i][j] : __fadd_rn(*place, sums[i][j]));
            }
        }
    }
}
