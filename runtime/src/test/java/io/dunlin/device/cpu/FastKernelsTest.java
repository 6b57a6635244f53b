package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Kernels;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The fast kernels keep the contract, with the same bits on one, two and three threads. */
class FastKernelsTest extends KernelsContract {
    private static List<CpuDevice> devices;
    private static List<Kernels> kernels;

    @BeforeAll
    static void open() {
        devices =
                Stream.of(1, 2, 3).map(n -> CpuDevice.open(CpuOptions.fast(n))).toList();
        kernels =
                devices.stream().map(device -> device.stream("test").kernels()).toList();
    }

    @AfterAll
    static void close() {
        devices.forEach(CpuDevice::close);
    }

    @Override
    protected List<Kernels> candidates() {
        return kernels;
    }

    @Test
    void shouldSayWhatComputes() {
        assertThat(devices.get(1).description()).startsWith("cpu, 2 threads, ").containsAnyOf("oneDNN", "in Java");
        try (CpuDevice plain = CpuDevice.open(CpuOptions.plain())) {
            assertThat(plain.description()).contains("plain kernels");
        }
    }
}
