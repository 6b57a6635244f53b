package io.dunlin.device;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Contents come and go whole, wherever they lie; each wait of {@link PiecewiseAccess} was removed, and a test failed. */
class HostAccessTest {
    private static final long PIECE = PiecewiseAccess.PIECE_BYTES;

    static Stream<Arguments> devicesAndSizes() {
        List<Supplier<Device>> devices = List.of(() -> CpuDevice.open(CpuOptions.fast(1)), LateDevice::new);
        List<Long> sizes = List.of(0L, 1L, 4093L, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 12345);
        return devices.stream().flatMap(device -> sizes.stream().map(size -> Arguments.of(device, size)));
    }

    @ParameterizedTest
    @MethodSource("devicesAndSizes")
    void shouldWriteAndReadEveryByte(Supplier<Device> opener, long lengthBytes) {
        try (Device device = opener.get()) {
            HostAccess host = HostAccess.of(device, device.stream("compute"));
            MemorySegment memory = device.allocate("test", lengthBytes);

            host.write(memory, (piece, offsetBytes) -> {
                for (long i = 0; i < piece.byteSize(); i++) {
                    piece.set(ValueLayout.JAVA_BYTE, i, pattern(offsetBytes + i));
                }
            });

            assertPattern(memory); // both devices here have memory that the host reaches
            MemorySegment copy = MemorySegment.ofArray(new byte[(int) lengthBytes]);
            host.read(memory, copy);
            assertPattern(copy);
        }
    }

    @ParameterizedTest
    @MethodSource("devicesAndSizes")
    void shouldReadWhatWasSubmittedBeforeAndWriteForWhatComesAfter(Supplier<Device> opener, long lengthBytes) {
        try (Device device = opener.get()) {
            io.dunlin.device.Stream compute = device.stream("compute");
            HostAccess host = HostAccess.of(device, compute);
            long elements = lengthBytes / Float.BYTES;
            Tensor x = Tensor.of(DType.F32, Shape.of(elements), device.allocate("x", elements * Float.BYTES));
            Tensor y = Tensor.of(DType.F32, Shape.of(elements), device.allocate("y", elements * Float.BYTES));
            MemorySegment ones = MemorySegment.ofArray(floats(elements, 1));
            MemorySegment read = MemorySegment.ofArray(floats(elements, 0));

            compute.kernels().fill(x, 2);
            host.read(x.segment(), read);
            assertAllTwo(read);
            host.write(x.segment(), ones);
            compute.kernels().add(x, x, y);
            host.write(x.segment(), ones);
            host.read(y.segment(), read);

            assertAllTwo(read);
        }
    }

    @ParameterizedTest
    @MethodSource("devicesAndSizes")
    void shouldPassOnWhatTheReaderThrows(Supplier<Device> opener, long lengthBytes) throws IOException {
        try (Device device = opener.get()) {
            HostAccess host = HostAccess.of(device, device.stream("compute"));
            MemorySegment memory = device.allocate("test", lengthBytes);
            HostAccess.Sink<IOException> full = piece -> {
                throw new IOException("no room for " + piece.byteSize());
            };

            if (lengthBytes == 0) {
                host.read(memory, full); // nothing is handed over
            } else {
                assertThatThrownBy(() -> host.read(memory, full)).isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> host.read(memory, MemorySegment.ofArray(new byte[(int) lengthBytes + 1])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a copy of");
        }
    }

    private static void assertPattern(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize(); i++) {
            if (memory.get(ValueLayout.JAVA_BYTE, i) != pattern(i)) {
                throw new AssertionError("byte %d of %d is wrong".formatted(i, memory.byteSize()));
            }
        }
    }

    private static void assertAllTwo(MemorySegment floats) {
        for (long i = 0; i < floats.byteSize() / Float.BYTES; i++) {
            if (floats.getAtIndex(ValueLayout.JAVA_FLOAT, i) != 2f) {
                throw new AssertionError("element %d is wrong".formatted(i));
            }
        }
    }

    private static byte pattern(long i) {
        return (byte) (i * 31 + (i >> 12) * 7 + (i >> 22));
    }

    private static float[] floats(long count, float value) {
        float[] floats = new float[(int) count];
        java.util.Arrays.fill(floats, value);
        return floats;
    }
}
