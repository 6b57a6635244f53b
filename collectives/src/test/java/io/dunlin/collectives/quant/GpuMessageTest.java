package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.CRC32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checksums of messages that BlockCodecTest of the module runtime finds in what a GPU makes. */
class GpuMessageTest {
    private static final Philox RANDOM = Philox.keyed(6, "quantise", "example");

    /** As HostBlockFormat.example of the module runtime. */
    private static MemorySegment example(int count) {
        Philox random = Philox.keyed(5, "quantise", "example");
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            long bits = random.bits(0, i);
            values[i] = i >= 64 && i < 128 ? 0 : (int) bits * (bits >>> 62 == 0 ? 0x1p-20f : 0x1p-31f);
        }
        values[200] = Float.NEGATIVE_INFINITY;
        return Floats.of(values);
    }

    @ParameterizedTest
    @CsvSource({
        "8, 64, NEAREST_EVEN, 2731378438",
        "4, 34, NEAREST_EVEN, 2680950207",
        "8, 64, STOCHASTIC, 422364684",
        "4, 34, STOCHASTIC, 132626545"
    })
    void shouldMakeTheMessagesThatAGpuMakes(int bits, int blockElements, Rounding rounding, long checksum) {
        QuantizerSettings settings = new QuantizerSettings(bits, blockElements, rounding);
        BlockQuantizer plain = new BlockQuantizer(settings, RANDOM, Arena.ofAuto(), new PlainKernels(bits));
        CRC32 crc = new CRC32();
        crc.update(Floats.encoded(plain, example(1001), 3).toArray(ValueLayout.JAVA_BYTE));
        assertThat(crc.getValue()).isEqualTo(checksum);
    }
}
