package io.dunlin.collectives.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UdpPathTest {
    @Test
    void shouldTakeWhatTheKernelGrants() throws IOException {
        Path limits = Path.of("/proc/sys/net/core");
        assumeTrue(Files.exists(limits), "no /proc/sys on this system");
        Process cat = new ProcessBuilder("cat", limits + "/rmem_max", limits + "/wmem_max").start();
        long granted =
                cat.inputReader().lines().mapToLong(Long::parseLong).min().orElseThrow();
        UdpPath path = UdpPath.of("127.0.0.1:4000");
        assertThat(path.socketBytes()).isEqualTo((int) Math.clamp(granted, 64 << 10, 2 << 20));
        assertThat(path.frameBytes()).isBetween(1408, 65_504).satisfies(bytes -> assertThat(bytes % 32)
                .isZero());
        assertThat(path.windowBytes(2 << 20)).isBetween(64 << 10, 1 << 20);
    }

    @Test
    void shouldStaySmallWhereTheInterfaceIsUnknown() {
        assertThat(UdpPath.of("192.0.2.1:4000").frameBytes()).isEqualTo(1408);
    }
}
