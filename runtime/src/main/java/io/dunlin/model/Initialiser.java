package io.dunlin.model;

import io.dunlin.device.HostAccess;
import io.dunlin.nn.Initial;
import io.dunlin.nn.Trained;
import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;

/**
 * Writes the values that a parameter, or a slice of it that begins at an even element, has before training.
 *
 * <p>Element i of a tensor is a function of the seed, the tensor's name and i alone, in arithmetic that is the same on
 * every machine: any layout of ranks begins with the same bits.
 */
final class Initialiser {
    private static final long CHUNK_ELEMENTS = 1 << 16;

    private final long seed;
    private final HostAccess host;

    Initialiser(long seed, HostAccess host) {
        this.seed = seed;
        this.host = host;
    }

    void write(Trained trained, Initial initial) {
        Tensor value = trained.value();
        TensorSlice slice = trained.slice();
        switch (initial) {
            case Initial.Constant(float constant) ->
                host.write(value.segment(), (piece, _) -> {
                    for (long i = 0; i < piece.byteSize() / Float.BYTES; i++) {
                        piece.setAtIndex(ValueLayout.JAVA_FLOAT, i, constant);
                    }
                });
            case Initial.Normal(double deviation) -> {
                Philox random = Philox.keyed(seed, "init", slice.name());
                host.write(value.segment(), (piece, offsetBytes) -> {
                    long elements = piece.byteSize() / Float.BYTES;
                    LongStream.range(0, Math.ceilDiv(elements, CHUNK_ELEMENTS))
                            .parallel()
                            .forEach(chunk -> writeNormal(
                                    random,
                                    deviation,
                                    piece.asSlice(chunk * CHUNK_ELEMENTS * Float.BYTES),
                                    slice.offset() + offsetBytes / Float.BYTES + chunk * CHUNK_ELEMENTS,
                                    Math.min(elements - chunk * CHUNK_ELEMENTS, CHUNK_ELEMENTS)));
                });
            }
        }
    }

    /** {@code count} elements of a tensor from its even-numbered {@code first}; each 64 random bits make two. */
    private static void writeNormal(Philox random, double deviation, MemorySegment memory, long first, long count) {
        for (long i = 0; i < count; i += 2) {
            long bits = random.bits(0, (first + i) >>> 1);
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (deviation * normal((int) bits)));
            if (i + 1 < count) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i + 1, (float) (deviation * normal((int) (bits >>> 32))));
            }
        }
    }

    /**
     * The standard normal quantile of (bits + 1/2) / 2^32, to about seven figures (Wichura, "Algorithm AS 241", Applied
     * Statistics 37, 1988: PPND7).
     */
    static double normal(int bits) {
        double q = (bits + 0.5) * 0x1.0p-32; // probability less one half: the sign of bits is its sign
        if (Math.abs(q) <= 0.425) {
            double r = 0.180625 - q * q;
            return q
                    * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
                    / (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
        }
        double r = StrictMath.sqrt(-StrictMath.log(0.5 - Math.abs(q)));
        double tail;
        if (r <= 5.0) {
            r -= 1.6;
            tail = (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777)
                    / ((0.12021132975 * r + 0.7370016425) * r + 1.0);
        } else {
            r -= 5.0;
            tail = (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115)
                    / ((0.012258202635 * r + 0.24197894225) * r + 1.0);
        }
        return q < 0 ? -tail : tail;
    }
}
