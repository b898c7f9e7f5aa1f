// MatMul: the operands' rows and terms are strides.

struct MatMulArgs {
    Product product;
    const float* a;
    const float* b;
    Axes lead;        // Of matrices: strides of a's and b's.
    u32 lead_y;       // From one matrix of the output to the next.
};

// `[rows, k]`, or `[k, rows]` if transposed.
template <bool TRANSPOSED> struct Matrix {
    static const bool KFAST = !TRANSPOSED;
    typedef u32 Row;
    const float* x;
    u32 rows, k;

    DEVICE u32 row(u32 index) const { return index < rows ? (TRANSPOSED ? index : index * k) : 0xffffffffu; }
    DEVICE u32 term(u32 index) const { return TRANSPOSED ? index * rows : index; }
    DEVICE float load(u32 row, u32 term) const { return row != 0xffffffffu ? x[row + term] : 0.0f; }
};

template <bool TRANS_A, bool TRANS_B> struct MatMul : MatMulArgs {
    struct A : Matrix<TRANS_A> {
        DEVICE A(const MatMul& p, u32 batch) {
            this->x = p.a + offset_of(p.lead, 0, batch);
            this->rows = p.product.m;
            this->k = p.product.k;
        }
    };
    // The columns of b are its rows here.
    struct B : Matrix<!TRANS_B> {
        DEVICE B(const MatMul& p, u32 batch) {
            this->x = p.b + offset_of(p.lead, 1, batch);
            this->rows = p.product.n;
            this->k = p.product.k;
        }
    };
    DEVICE u32 first(u32 batch) const { return batch * lead_y; }
};

typedef MatMul<false, false> MatMulNN;
typedef MatMul<false, true> MatMulNT;
typedef MatMul<true, false> MatMulTN;
typedef MatMul<true, true> MatMulTT;
