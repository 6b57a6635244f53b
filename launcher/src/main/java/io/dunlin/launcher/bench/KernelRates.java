package io.dunlin.launcher.bench;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.launcher.bench.RateMeter.Subject;
import io.dunlin.launcher.bench.RateMeter.Work;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;

/**
 * The kernels that are no products, in one type of activations. Where memory bounds, the bytes are those that must be read
 * and written at least, whatever a kernel does.
 */
final class KernelRates {
    private static final AdamWStep STEP = new AdamWStep(1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.1f, 0.05f, 1);
    private static final float EPSILON = 1e-5f;

    private final RateMeter meter;
    private final Stream stream;
    private final Kernels kernels;
    private final Workspace workspace;
    private final DType type;

    KernelRates(RateMeter meter, Stream stream, Workspace workspace, DType type) {
        this.meter = meter;
        this.stream = stream;
        this.kernels = stream.kernels();
        this.workspace = workspace;
        this.type = type;
    }

    void measure(BenchSize size) {
        copies(size.rows());
        norms(size.rows());
        activations(size.rows());
        loss(size.rows());
        attention(size.attention());
        update(size.parameters());
    }

    private void copies(BenchSize.Rows rows) {
        workspace.clear();
        Tensor from = workspace.random(DType.F32, rows.rows(), rows.width());
        Tensor to = workspace.empty(type, rows.rows(), rows.width());
        String name = type == DType.F32 ? "copy" : "copy from f32";
        moving(name, from, from.bytes() + to.bytes(), () -> kernels.copy(from, to));
        if (type == DType.F32) { // what is reduced always is
            moving("sum of squares", from, from.bytes(), () -> kernels.sumOfSquares(from));
        }
    }

    private void norms(BenchSize.Rows rows) {
        workspace.clear();
        Tensor x = workspace.random(type, rows.rows(), rows.width());
        Tensor y = workspace.random(type, rows.rows(), rows.width());
        Tensor dx = workspace.random(type, rows.rows(), rows.width());
        Tensor gain = workspace.random(type, rows.width());
        Tensor mean = workspace.empty(DType.F32, rows.rows());
        Tensor rstd = workspace.empty(DType.F32, rows.rows());
        Tensor dgain = workspace.empty(DType.F32, rows.width());
        Tensor dbias = workspace.empty(DType.F32, rows.width());
        moving("layer norm", x, 2 * x.bytes(), () -> kernels.layerNorm(x, gain, gain, EPSILON, y, mean, rstd));
        moving(
                "layer norm, backward",
                x,
                4 * x.bytes(),
                () -> kernels.layerNormBackward(y, x, gain, mean, rstd, dx, dgain, dbias, 0));
        moving("rms norm", x, 2 * x.bytes(), () -> kernels.rmsNorm(x, gain, EPSILON, y, rstd));
        moving("rms norm, backward", x, 4 * x.bytes(), () -> kernels.rmsNormBackward(y, x, gain, rstd, dx, dgain, 0));
    }

    private void activations(BenchSize.Rows rows) {
        workspace.clear();
        Tensor x = workspace.random(type, rows.rows(), rows.width());
        Tensor up = workspace.random(type, rows.rows(), rows.width());
        Tensor y = workspace.random(type, rows.rows(), rows.width());
        moving("gelu", x, 2 * x.bytes(), () -> kernels.gelu(x, y));
        moving("gelu, backward", x, 3 * x.bytes(), () -> kernels.geluBackward(up, x, y));
        moving("swiglu", x, 3 * x.bytes(), () -> kernels.swiGlu(x, up, y));
    }

    private void loss(BenchSize.Rows rows) {
        workspace.clear();
        Tensor logits = workspace.random(type, rows.lossRows(), rows.vocabulary());
        Tensor targets = workspace.numbers(rows.lossRows(), rows.vocabulary());
        Tensor losses = workspace.empty(DType.F32, rows.lossRows());
        moving("cross entropy", logits, 2 * logits.bytes(), () -> kernels.crossEntropy(logits, targets, losses, 1));
    }

    /** Causal: half of the products; backward has five where forward has two. */
    private void attention(AttentionShape shape) {
        workspace.clear();
        long width = (long) shape.heads() * shape.headWidth();
        long narrow = (long) shape.keyValueHeads() * shape.headWidth();
        Tensor q = workspace.random(type, shape.rows(), width);
        Tensor k = workspace.random(type, shape.rows(), narrow);
        Tensor v = workspace.random(type, shape.rows(), narrow);
        Tensor out = workspace.empty(type, shape.rows(), width);
        Tensor logSumExp = workspace.empty(DType.F32, (long) shape.batch() * shape.heads(), shape.time());
        Tensor dout = workspace.random(type, shape.rows(), width);
        Tensor dq = workspace.empty(type, shape.rows(), width);
        Tensor dk = workspace.empty(type, shape.rows(), narrow);
        Tensor dv = workspace.empty(type, shape.rows(), narrow);
        long flops = 2 * (long) shape.batch() * shape.time() * shape.time() * width;
        computing("attention", shape, flops, () -> kernels.attention(shape, q, k, v, out, logSumExp));
        computing(
                "attention, backward",
                shape,
                flops * 5 / 2,
                () -> kernels.attentionBackward(shape, q, k, v, out, logSumExp, dout, dq, dk, dv));
    }

    private void update(long parameters) {
        workspace.clear();
        Tensor value = workspace.random(DType.F32, parameters);
        Tensor gradient = workspace.random(DType.F32, parameters);
        Tensor m = workspace.random(DType.F32, parameters);
        Tensor v = workspace.empty(DType.F32, parameters);
        kernels.fill(v, 0.01f); // a mean of squares
        Tensor compute = type == DType.F32 ? Tensor.NONE : workspace.empty(type, parameters);
        moving(
                type == DType.F32 ? "adamw" : "adamw and copy",
                value,
                7 * value.bytes() + (type == DType.F32 ? 0 : compute.bytes()),
                () -> kernels.adamW(value, gradient, m, v, compute, STEP));
    }

    private void moving(String name, Tensor operand, long bytes, Runnable call) {
        long[] extents =
                operand.shape().dimensions().stream().mapToLong(Long::longValue).toArray();
        meter.measure(Subject.of(name, type, extents), Work.moving(bytes), call, stream::synchronize);
    }

    /** Shape: sequences, positions, heads, width of a head. */
    private void computing(String name, AttentionShape shape, long flops, Runnable call) {
        Subject subject = Subject.of(name, type, shape.batch(), shape.time(), shape.heads(), shape.headWidth());
        meter.measure(subject, Work.computing(flops), call, stream::synchronize);
    }
}
