package io.dunlin.device.cuda;

import io.dunlin.device.AdamWStep;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;

/** Kernels of one thread per element. Matrices without gaps are passed as one long row. */
final class ElementwiseKernels {
    private final KernelLauncher launcher;
    private final KernelLauncher.TypedEntry fill;
    private final KernelLauncher.TypedEntry fromF32;
    private final KernelLauncher.TypedEntry fromBf16;
    private final KernelLauncher.TypedEntry add;
    private final KernelLauncher.TypedEntry axpy;
    private final KernelLauncher.TypedEntry scale;
    private final KernelLauncher.TypedEntry biasResidual;
    private final KernelLauncher.Entry addToProduct;
    private final KernelLauncher.TypedEntry gelu;
    private final KernelLauncher.TypedEntry geluBackward;
    private final KernelLauncher.TypedEntry swiGlu;
    private final KernelLauncher.TypedEntry swiGluBackward;
    private final KernelLauncher.TypedEntry rope;
    private final KernelLauncher.Entry adamW;

    ElementwiseKernels(KernelLauncher launcher) {
        this.launcher = launcher;
        fill = launcher.typed("fill");
        fromF32 = launcher.typed("copy_f32");
        fromBf16 = launcher.typed("copy_bf16");
        add = launcher.typed("add");
        axpy = launcher.typed("axpy");
        scale = launcher.typed("scale");
        biasResidual = launcher.typed("bias_residual");
        addToProduct = launcher.entry("add_to_product");
        gelu = launcher.typed("gelu");
        geluBackward = launcher.typed("gelu_backward");
        swiGlu = launcher.typed("swiglu");
        swiGluBackward = launcher.typed("swiglu_backward");
        rope = launcher.typed("rope");
        adamW = launcher.entry("adamw");
    }

    /** Ends a call whose last parameters are the rows and columns of a matrix. */
    private void overMatrix(Tensor matrix, boolean dense) {
        long rows = dense ? 1 : matrix.rows();
        long columns = dense ? matrix.elements() : matrix.columns();
        launcher.number(rows).number(columns).overElements(rows, columns);
    }

    void fill(Tensor x, float value) {
        long rows = x.dense() ? 1 : x.rows();
        long columns = x.dense() ? x.elements() : x.columns();
        launcher.begin(fill.of(x.dtype()))
                .matrix(x)
                .number(rows)
                .number(columns)
                .real(value);
        launcher.overElements(rows, columns);
    }

    void copy(Tensor from, Tensor to) {
        KernelLauncher.TypedEntry copy = from.dtype() == DType.F32 ? fromF32 : fromBf16;
        launcher.begin(copy.of(to.dtype())).vector(from).vector(to).number(to.elements());
        launcher.overElements(1, to.elements());
    }

    void add(Tensor a, Tensor b, Tensor out) {
        launcher.begin(add.of(out.dtype())).vector(a).vector(b).vector(out).number(out.elements());
        launcher.overElements(1, out.elements());
    }

    void axpy(float a, Tensor x, Tensor y) {
        launcher.begin(axpy.of(y.dtype()))
                .vector(x)
                .vector(y)
                .number(y.elements())
                .real(a);
        launcher.overElements(1, y.elements());
    }

    void scale(Tensor x, float a) {
        launcher.begin(scale.of(x.dtype())).vector(x).number(x.elements()).real(a);
        launcher.overElements(1, x.elements());
    }

    /** y = residual + bias, either of which may be absent. */
    void biasResidual(Tensor bias, Tensor residual, Tensor y) {
        launcher.begin(biasResidual.of(y.dtype())).vector(bias).matrix(residual).matrix(y);
        overMatrix(y, false);
    }

    /** y = product + bias + residual, in BF16 but for the product, which is dense and F32; y may be residual. */
    void addToProduct(Tensor product, Tensor bias, Tensor residual, Tensor y) {
        launcher.begin(addToProduct)
                .vector(product)
                .vector(bias)
                .matrix(residual)
                .matrix(y);
        overMatrix(y, false);
    }

    void gelu(Tensor x, Tensor y) {
        launcher.begin(gelu.of(x.dtype())).matrix(x).matrix(y);
        overMatrix(x, x.dense() && y.dense());
    }

    void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        launcher.begin(geluBackward.of(x.dtype())).matrix(dy).matrix(x).matrix(dx);
        overMatrix(x, dy.dense() && x.dense() && dx.dense());
    }

    void swiGlu(Tensor gate, Tensor up, Tensor y) {
        launcher.begin(swiGlu.of(gate.dtype())).matrix(gate).matrix(up).matrix(y);
        overMatrix(gate, gate.dense() && up.dense() && y.dense());
    }

    void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        launcher.begin(swiGluBackward.of(gate.dtype())).matrix(dy).matrix(gate).matrix(up);
        launcher.matrix(dgate).matrix(dup);
        overMatrix(gate, dy.dense() && gate.dense() && up.dense() && dgate.dense() && dup.dense());
    }

    void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        long pairs = x.columns() / 2;
        launcher.begin(rope.of(x.dtype()))
                .matrix(x)
                .matrix(cosSin)
                .integer(time)
                .integer(headWidth);
        launcher.real(direction).number(x.rows()).number(pairs).overElements(x.rows(), pairs);
    }

    /** The scalars are prepared as {@code io.dunlin.device.cpu.AdamW} prepares them, for the same bits. */
    void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        launcher.begin(adamW).vector(value).vector(gradient).vector(m).vector(v).vector(compute);
        launcher.number(value.elements())
                .real(step.gradientScale())
                .real(step.beta1())
                .real(step.beta2());
        launcher.real(step.epsilon())
                .real((float) (1 - (double) step.learningRate() * step.weightDecay()))
                .real(-step.learningRate() / step.correction1())
                .real((float) (1 / Math.sqrt(step.correction2())));
        launcher.overElements(1, value.elements());
    }
}
