package io.dunlin.device.cuda;

import io.dunlin.device.AttentionShape;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** Attention by tiles: which entry points a head width takes, and how much shared memory. */
final class AttentionKernels {
    private final KernelLauncher launcher;
    private final DeviceScratch scratch;
    private final Width[] widths;
    private final KernelLauncher.TypedEntry delta;

    AttentionKernels(KernelLauncher launcher, DeviceScratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
        this.delta = launcher.typed("attention_delta");
        this.widths = new Width[] {
            new Width(launcher, 64, 64, 32), new Width(launcher, 128, 64, 32), new Width(launcher, 256, 32, 16)
        };
    }

    void forward(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        if (shape.rows() == 0) {
            return;
        }
        Width width = width(shape);
        launcher.begin(width.forward.of(q.dtype()))
                .matrix(q)
                .matrix(k)
                .matrix(v)
                .matrix(out)
                .vector(logSumExp);
        extents(shape);
        launcher.launch(
                tiles(shape, width.forwardTile),
                shape.heads(),
                shape.batch(),
                KernelLauncher.THREADS,
                width.forwardBytes());
    }

    void backward(
            AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp, Gradients gradients) {
        if (shape.rows() == 0) {
            return;
        }
        Width width = width(shape);
        DType type = q.dtype();
        long deltas = scratch.ensure((long) shape.rows() * shape.heads() * Float.BYTES);
        delta(shape, gradients.dout, out, deltas);

        launcher.begin(width.dq.of(type))
                .matrix(q)
                .matrix(k)
                .matrix(v)
                .vector(logSumExp)
                .number(deltas);
        launcher.matrix(gradients.dout).matrix(gradients.dq);
        extents(shape);
        int tiles = tiles(shape, width.backwardTile);
        launcher.launch(tiles, shape.heads(), shape.batch(), KernelLauncher.THREADS, width.dqBytes());

        launcher.begin(width.dkv.of(type))
                .matrix(q)
                .matrix(k)
                .matrix(v)
                .vector(logSumExp)
                .number(deltas);
        launcher.matrix(gradients.dout).matrix(gradients.dk).matrix(gradients.dv);
        extents(shape);
        launcher.launch(tiles, shape.keyValueHeads(), shape.batch(), KernelLauncher.THREADS, width.dkvBytes());
    }

    private void delta(AttentionShape shape, Tensor dout, Tensor out, long deltas) {
        int warps = KernelLauncher.THREADS / KernelLauncher.WARP;
        long pairs = (long) shape.rows() * shape.heads();
        launcher.begin(delta.of(out.dtype())).matrix(dout).matrix(out).number(deltas);
        launcher.number(shape.rows())
                .integer(shape.time())
                .integer(shape.heads())
                .integer(shape.headWidth());
        launcher.overBlocks((pairs + warps - 1) / warps, KernelLauncher.THREADS);
    }

    /** The last parameters of all three kernels. */
    private void extents(AttentionShape shape) {
        launcher.integer(shape.time()).integer(shape.heads() / shape.keyValueHeads());
        launcher.integer(shape.headWidth()).real((float) (1 / Math.sqrt(shape.headWidth())));
    }

    private static int tiles(AttentionShape shape, int tile) {
        return (shape.time() + tile - 1) / tile;
    }

    private Width width(AttentionShape shape) {
        for (Width width : widths) {
            if (shape.headWidth() <= width.columns) {
                return width;
            }
        }
        throw new IllegalArgumentException("heads of %d elements; the GPU kernels attend with at most %d"
                .formatted(shape.headWidth(), widths[widths.length - 1].columns));
    }

    /** Gradients in and out of one backward call. */
    record Gradients(Tensor dout, Tensor dq, Tensor dk, Tensor dv) {}

    /** The entry points for heads of at most {@code columns} elements; the tiles are those of kernels.cu. */
    private static final class Width {
        final int columns;
        final int forwardTile;
        final int backwardTile;
        final KernelLauncher.TypedEntry forward;
        final KernelLauncher.TypedEntry dq;
        final KernelLauncher.TypedEntry dkv;

        Width(KernelLauncher launcher, int columns, int forwardTile, int backwardTile) {
            this.columns = columns;
            this.forwardTile = forwardTile;
            this.backwardTile = backwardTile;
            this.forward = allow(launcher.typed("attention_" + columns), forwardBytes());
            this.dq = allow(launcher.typed("attention_dq_" + columns), dqBytes());
            this.dkv = allow(launcher.typed("attention_dkv_" + columns), dkvBytes());
        }

        int forwardBytes() {
            return (2 * rows(forwardTile) + square(forwardTile)) * Float.BYTES;
        }

        int dqBytes() {
            return (3 * rows(backwardTile) + square(backwardTile)) * Float.BYTES;
        }

        int dkvBytes() {
            return (4 * rows(backwardTile) + 2 * square(backwardTile)) * Float.BYTES;
        }

        /** Elements of a tile of rows. */
        private int rows(int tile) {
            return tile * (columns + 1);
        }

        /** Elements of a tile of scores. */
        private static int square(int tile) {
            return tile * (tile + 1);
        }

        /** A function may have more than 48 KiB of dynamic shared memory only if it is told so. */
        private static KernelLauncher.TypedEntry allow(KernelLauncher.TypedEntry entry, int sharedBytes) {
            allow(entry.f32(), sharedBytes);
            allow(entry.bf16(), sharedBytes);
            return entry;
        }

        private static void allow(KernelLauncher.Entry entry, int sharedBytes) {
            Cu.check(
                    JCudaDriver.cuFuncSetAttribute(
                            entry.function(),
                            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            sharedBytes),
                    "cuFuncSetAttribute(" + entry.name() + ")");
        }
    }
}
