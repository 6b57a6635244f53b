package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.device.Stream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuDeviceTest {
    @Test
    void shouldGiveZeroedAlignedMemoryOfAnyLength() {
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            for (long length : new long[] {0, 1, 63, 64, 65, 4096, 1_000_003, (5L << 20) + 7}) {
                MemorySegment memory = device.allocate("test", length);
                assertThat(memory.byteSize()).isEqualTo(length);
                assertThat(memory.address() % 64).isZero();
                if (length > 0) {
                    assertThat(memory.mismatch(MemorySegment.ofArray(new byte[(int) length])))
                            .isEqualTo(-1);
                    memory.fill((byte) 7);
                }
            }
        }
    }

    @Test
    void shouldTellWhatMemoryIsFor() {
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            device.allocate("weights", 128);
            device.allocate("activations", 64);
            device.allocate("weights", 64);
            assertThat(device.allocatedBytes())
                    .containsExactly(java.util.Map.entry("weights", 192L), java.util.Map.entry("activations", 64L));
        }
    }

    @Test
    void shouldTakeMemoryBackWhenClosed() {
        CpuDevice device = CpuDevice.open(CpuOptions.fast(2));
        MemorySegment large = device.allocate("test", 8L << 20);
        MemorySegment small = device.allocate("test", 8);
        device.close();
        assertThatThrownBy(() -> large.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> small.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldSayWhatTheSystemRefused() {
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            assertThatThrownBy(() -> device.allocate("activations", 1L << 60))
                    .isInstanceOf(CpuException.class)
                    .hasMessageContaining("activations")
                    .extracting(e -> ((CpuException) e).code())
                    .isEqualTo("DUN-410");
        }
    }

    @Test
    void shouldHaveDoneWhatWasSubmitted() {
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            Stream stream = device.stream("compute");
            stream.await(stream.record());
            stream.synchronize();
            assertThat(stream.record().done()).isTrue();
        }
    }

    @Test
    void shouldSayWhyOneDnnIsNotUsed(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("cache"));
        CpuOptions options = new CpuOptions(1, KernelChoice.FAST, file);
        try (CpuDevice device = CpuDevice.open(options)) {
            assertThat(device.description())
                    .contains("in Java, because oneDNN cannot be used here")
                    .contains("cache");
        }
    }
}
