package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages made by the GPU are those of the host, byte for byte, and are read as the host reads them. */
@NeedsCuda
@Tag("cuda")
class BlockCodecTest {
    private static final Philox RANDOM = Philox.keyed(6, "quantise", "example");
    private static final List<Integer> COUNTS = List.of(0, 1, 31, 32, 33, 65, 255, 1001, 40_003);

    private static OneStream gpu;

    @BeforeAll
    static void open(@TempDir Path cache) {
        gpu = OneStream.open(cache);
    }

    @AfterAll
    static void close() {
        gpu.close();
    }

    static Stream<Arguments> settings() {
        return Stream.of(new BlockCodec.Format(8, 64), new BlockCodec.Format(4, 64), new BlockCodec.Format(4, 34))
                .flatMap(format -> COUNTS.stream().map(count -> Arguments.of(format, count)));
    }

    private static byte[] encoded(BlockCodec.Format format, float[] values, Philox[] random, long first) {
        OneStream.Twin x = gpu.tensor(DType.F32, values.length);
        for (int i = 0; i < values.length; i++) {
            x.host().segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
        }
        x.upload();
        OneStream.Twin message = gpu.tensor(DType.I8, format.encodedBytes(values.length));
        BlockCodec codec = gpu.kernels().codec();
        if (random.length == 0) {
            codec.encode(format, x.device(), message.device().segment());
        } else {
            NoiseKernels.Counters counters = new NoiseKernels.Counters(3, first);
            codec.encode(format, x.device(), message.device().segment(), random[0], counters);
        }
        message.download();
        return message.host()
                .segment()
                .asSlice(0, format.encodedBytes(values.length))
                .toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @MethodSource("settings")
    void shouldEncodeAsTheHostDoes(BlockCodec.Format format, int count) {
        float[] x = HostBlockFormat.example(count);
        HostBlockFormat host = new HostBlockFormat(format);
        assertThat(encoded(format, x, new Philox[0], 0)).isEqualTo(host.encode(x, new Philox[0], 0, 0));
        Philox[] random = {RANDOM};
        assertThat(encoded(format, x, random, 77)).isEqualTo(host.encode(x, random, 3, 77));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void shouldDecodeAndAddAsTheHostDoes(BlockCodec.Format format, int count) {
        byte[] bytes = new HostBlockFormat(format).encode(HostBlockFormat.example(count), new Philox[0], 0, 0);
        OneStream.Twin message = gpu.tensor(DType.I8, bytes.length);
        message.host().segment().copyFrom(java.lang.foreign.MemorySegment.ofArray(bytes));
        message.upload();
        OneStream.Twin y = gpu.tensor(DType.F32, count);
        OneStream.Twin sum = gpu.tensor(DType.F32, count);
        gpu.kernels().fill(sum.device(), 0.1f);
        gpu.kernels().codec().decode(format, message.device().segment(), y.device(), 0);
        gpu.kernels().codec().decode(format, message.device().segment(), sum.device(), 1);
        y.download();
        sum.download();
        for (int i = 0; i < count; i++) {
            float expected = new HostBlockFormat(format).decoded(bytes, i, count);
            assertThat(bits(y.host().get(i))).isEqualTo(bits(expected));
            assertThat(bits(sum.host().get(i))).isEqualTo(bits(0.1f + expected));
        }
    }

    private static int bits(float value) {
        return Float.floatToIntBits(value);
    }

    /** The same numbers stand in GpuMessageTest of the module collectives. */
    @Test
    void shouldMakeTheMessagesOfTheQuantiser() {
        float[] x = HostBlockFormat.example(1001);
        assertThat(checksum(encoded(new BlockCodec.Format(8, 64), x, new Philox[0], 0)))
                .isEqualTo(2731378438L);
        assertThat(checksum(encoded(new BlockCodec.Format(4, 34), x, new Philox[0], 0)))
                .isEqualTo(2680950207L);
        Philox[] random = {RANDOM};
        assertThat(checksum(encoded(new BlockCodec.Format(8, 64), x, random, 0)))
                .isEqualTo(422364684L);
        assertThat(checksum(encoded(new BlockCodec.Format(4, 34), x, random, 0)))
                .isEqualTo(132626545L);
    }

    private static long checksum(byte[] message) {
        CRC32 crc = new CRC32();
        crc.update(message);
        return crc.getValue();
    }
}
