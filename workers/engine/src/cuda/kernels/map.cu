// Maps: the functions themselves are generated (`maps.rs`), each a structure F with its inputs' number and `value`.

struct MapArgs {
    const float* x[4];
    float* y;
    u32 n;
    float params[4];
    u32 step[4];     // 1, or 0 for an input of one element.
    Length columns;  // Of the output's last axis.
    Axes axes;       // Of the output: strides of the inputs.
};

DEVICE float column_of(const MapArgs& p, u32 e) {
    return (float)(e - quotient(e, p.columns) * p.columns.len);
}

// Inputs that are as long as the output, or have one element. Four elements at a time.
template <class F> DEVICE void map_direct(const MapArgs& p) {
    u32 fours = p.n / 4;
    float one[4];
#pragma unroll
    for (u32 i = 0; i < 4; i++) one[i] = i < F::INPUTS && p.step[i] == 0 ? *p.x[i] : 0.0f;
    for (u32 v = first_index(); v < fours; v += all_threads()) {
        float x[4][4];
#pragma unroll
        for (u32 i = 0; i < F::INPUTS; i++) {
            float4 four = make_float4(one[i], one[i], one[i], one[i]);
            if (p.step[i] != 0) four = ((const float4*)p.x[i])[v];
            x[0][i] = four.x;
            x[1][i] = four.y;
            x[2][i] = four.z;
            x[3][i] = four.w;
        }
        float y[4];
#pragma unroll
        for (u32 j = 0; j < 4; j++) y[j] = F::value(x[j], p.params, F::COLUMN ? column_of(p, 4 * v + j) : 0.0f);
        ((float4*)p.y)[v] = make_float4(y[0], y[1], y[2], y[3]);
    }
    u32 e = 4 * fours + first_index();
    if (e < p.n) {
        float x[4];
#pragma unroll
        for (u32 i = 0; i < F::INPUTS; i++) x[i] = p.x[i][e * p.step[i]];
        p.y[e] = F::value(x, p.params, F::COLUMN ? column_of(p, e) : 0.0f);
    }
}

// Inputs that are broadcast along some axes.
template <class F> DEVICE void map_broadcast(const MapArgs& p) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 offset[4] = {0, 0, 0, 0};
        u32 index = e;
        for (u32 axis = 0; axis < p.axes.rank; axis++) {
            u32 outer = axis + 1 < p.axes.rank ? quotient(index, p.axes.length[axis]) : 0;
            u32 place = index - outer * p.axes.length[axis].len;
#pragma unroll
            for (u32 i = 0; i < F::INPUTS; i++) offset[i] += place * p.axes.stride[i][axis];
            index = outer;
        }
        float x[4];
#pragma unroll
        for (u32 i = 0; i < F::INPUTS; i++) x[i] = p.x[i][offset[i]];
        p.y[e] = F::value(x, p.params, F::COLUMN ? column_of(p, e) : 0.0f);
    }
}
