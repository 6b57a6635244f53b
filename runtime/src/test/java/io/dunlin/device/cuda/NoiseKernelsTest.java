package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random numbers of the GPU are those of the host, wherever a tensor is cut. */
@NeedsCuda
@Tag("cuda")
class NoiseKernelsTest {
    private static final Philox RANDOM = Philox.keyed(3, "test", "noise");
    private static final long LANE = 5L << 40 | 17;
    private static final long FIRST = (1L << 33) + 61;

    private static OneStream gpu;

    @BeforeAll
    static void open(@TempDir Path cache) {
        gpu = OneStream.open(cache);
    }

    @AfterAll
    static void close() {
        gpu.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 33, 1001, 100_000})
    void shouldDrawTheNormalsOfTheHost(int count) {
        OneStream.Twin x = gpu.tensor(DType.F32, count);
        gpu.kernels().noise().normal(x.device(), RANDOM, new NoiseKernels.Counters(LANE, FIRST), 1, 0);
        x.download();
        for (int i = 0; i < count; i++) {
            double expected = RANDOM.normal(LANE, FIRST + i);
            assertThat((double) x.host().get(i)).isCloseTo(expected, within(4e-7 * Math.max(1, Math.abs(expected))));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 33, 1001, 100_000})
    void shouldDrawSignsByTheBit(int count) {
        OneStream.Twin x = gpu.tensor(DType.F32, count);
        gpu.kernels().noise().rademacher(x.device(), RANDOM, new NoiseKernels.Counters(LANE, FIRST), 0.5f, 0);
        x.download();
        long minus = 0;
        for (int i = 0; i < count; i++) {
            long element = FIRST + i;
            long bits = RANDOM.bits(LANE, element / 128, (int) (element / 64 % 2));
            float expected = (bits >>> (element % 64) & 1) == 1 ? -0.5f : 0.5f;
            assertThat(x.host().get(i)).isEqualTo(expected);
            minus += expected < 0 ? 1 : 0;
        }
        if (count > 10_000) {
            assertThat((double) minus / count).isCloseTo(0.5, within(0.01));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 999})
    void shouldPerturbInPlaceAndInPieces(int cut) {
        OneStream.Twin whole = gpu.tensor(DType.F32, 1000);
        OneStream.Twin pieces = gpu.tensor(DType.F32, 1000);
        for (OneStream.Twin twin : new OneStream.Twin[] {whole, pieces}) {
            gpu.kernels().fill(twin.device(), 2);
        }
        NoiseKernels noise = gpu.kernels().noise();
        noise.normal(whole.device(), RANDOM, new NoiseKernels.Counters(1, 0), 0.25f, 1);
        noise.normal(pieces.part(0, cut), RANDOM, new NoiseKernels.Counters(1, 0), 0.25f, 1);
        noise.normal(pieces.part(cut, 1000 - cut), RANDOM, new NoiseKernels.Counters(1, cut), 0.25f, 1);
        whole.download();
        pieces.download();
        assertThat(pieces.host().segment().mismatch(whole.host().segment())).isEqualTo(-1);
        assertThat(whole.host().get(7)).isCloseTo(2 + 0.25f * (float) RANDOM.normal(1, 7), within(1e-6f));
    }
}
