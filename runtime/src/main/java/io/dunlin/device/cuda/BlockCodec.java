package io.dunlin.device.cuda;

import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Encodes dense tensors as the messages of quantised collectives (io.dunlin.collectives.quant.BlockFormat), with the
 * bits that the host would give them, and decodes such messages.
 */
final class BlockCodec {
    private static final int HEADER_BYTES = 16;

    private final KernelLauncher launcher;
    private final KernelLauncher.Entry header;
    private final KernelLauncher.TypedEntry quantize;
    private final KernelLauncher.TypedEntry dequantize;

    BlockCodec(KernelLauncher launcher) {
        this.launcher = launcher;
        header = launcher.entry("quantize_header");
        quantize = launcher.typed("quantize");
        dequantize = launcher.typed("dequantize");
    }

    /** Encodes to nearest, ties to even. */
    void encode(Format format, Tensor x, MemorySegment message) {
        encode(format, x, message, 0);
        launcher.number(0).number(0).number(0);
        launcher.overBlocks(format.blocks(x.elements()), KernelLauncher.THREADS);
    }

    /**
     * Encodes with stochastic rounding.
     *
     * @param counters the lane of the tensor, and the number of its first element
     */
    void encode(Format format, Tensor x, MemorySegment message, Philox random, NoiseKernels.Counters counters) {
        encode(format, x, message, 1);
        launcher.number(random.key()).number(counters.lane()).number(counters.first());
        launcher.overBlocks(format.blocks(x.elements()), KernelLauncher.THREADS);
    }

    private void encode(Format format, Tensor x, MemorySegment message, int stochastic) {
        format.require(message, x.elements());
        launcher.begin(header).number(message.address()).number(x.elements());
        launcher.integer(format.bits).integer(format.blockElements).overBlocks(1, 1);
        launcher.begin(quantize.of(x.dtype())).vector(x).number(x.elements()).number(message.address());
        launcher.integer(format.bits).integer(format.blockElements).real(format.largestScale());
        launcher.integer(stochastic);
    }

    /** y = message + beta * y; beta is 0 or 1. */
    void decode(Format format, MemorySegment message, Tensor y, float beta) {
        format.require(message, y.elements());
        launcher.begin(dequantize.of(y.dtype()))
                .number(message.address())
                .vector(y)
                .number(y.elements());
        launcher.integer(format.bits).integer(format.blockElements).real(beta);
        launcher.overBlocks(format.blocks(y.elements()), KernelLauncher.THREADS);
    }

    /**
     * Which messages.
     *
     * @param bits of a level: 8 or 4
     * @param blockElements elements that share a scale; even, at most 65536
     */
    record Format(int bits, int blockElements) {
        Format {
            if (bits != 8 && bits != 4 || blockElements < 2 || blockElements > 65_536 || blockElements % 2 != 0) {
                throw new IllegalArgumentException("%d bits in blocks of %d".formatted(bits, blockElements));
            }
        }

        /** A message that is too short would be written beyond its end. */
        void require(MemorySegment message, long elements) {
            if (message.byteSize() < encodedBytes(elements)) {
                throw new IllegalArgumentException("a message of %,d bytes for %,d elements, which need %,d"
                        .formatted(message.byteSize(), elements, encodedBytes(elements)));
            }
        }

        /** The length of a message of {@code elements}. */
        long encodedBytes(long elements) {
            return HEADER_BYTES + blocks(elements) * Float.BYTES + (elements * bits + 7) / 8;
        }

        private long blocks(long elements) {
            return (elements + blockElements - 1) / blockElements;
        }

        /** The largest scale that the largest level does not make infinite. */
        private float largestScale() {
            float largestLevel = (1 << (bits - 1)) - 1;
            float scale = Float.MAX_VALUE / largestLevel;
            while (Float.isInfinite(scale * largestLevel)) {
                scale = Math.nextDown(scale);
            }
            return scale;
        }
    }
}
