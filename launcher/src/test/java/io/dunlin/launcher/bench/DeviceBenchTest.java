package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.launcher.bench.DeviceBench.Row;
import io.dunlin.launcher.bench.DeviceBench.Table;
import io.dunlin.launcher.report.JsonLine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DeviceBenchTest {
    private final List<String> heard = new ArrayList<>();

    @Test
    void shouldMeasureEveryTableInBothTypes() {
        DeviceBench.Result result = run();

        assertThat(result.standIn()).isFalse();
        assertThat(result.rows()).allSatisfy(row -> {
            assertThat(row.p50Us()).isPositive();
            assertThat(row.bytesPerSecond() > 0).isNotEqualTo(row.flopsPerSecond() > 0);
        });
        assertThat(names(result, Table.PRODUCTS, "bf16"))
                .containsExactly(
                        "linear",
                        "linear, of inputs",
                        "linear, of weights",
                        "linear",
                        "linear, of inputs",
                        "linear, of weights")
                .isEqualTo(names(result, Table.PRODUCTS, "f32"));
        assertThat(names(result, Table.COPIES, ""))
                .startsWith("to the device", "to the host", "both ways, each", "within the device")
                .hasSize(12);
        assertThat(names(result, Table.KERNELS, "f32"))
                .containsExactly(
                        "copy",
                        "sum of squares",
                        "layer norm",
                        "layer norm, backward",
                        "rms norm",
                        "rms norm, backward",
                        "gelu",
                        "gelu, backward",
                        "swiglu",
                        "cross entropy",
                        "attention",
                        "attention, backward",
                        "adamw");
        assertThat(names(result, Table.KERNELS, "bf16"))
                .startsWith("copy from f32")
                .endsWith("adamw and copy");
        assertThat(heard)
                .hasSize(result.rows().size() + 3)
                .startsWith("PRODUCTS")
                .contains("COPIES", "KERNELS");
    }

    @Test
    void shouldReckonRatesFromShapes() {
        DeviceBench.Result result = run();

        Row product = result.rows().getFirst();
        assertThat(product.shape()).isEqualTo("64 x 64 x 64");
        assertThat(product.flopsPerSecond() * product.p50Us() / 1e6).isCloseTo(2.0 * 64 * 64 * 64, within(1e-3));
        Row copy = row(result, "to the device");
        assertThat(copy.shape()).isEqualTo("64.0 kiB");
        assertThat(copy.bytesPerSecond() * copy.p50Us() / 1e6).isCloseTo(65_536, within(1e-3));
        Row update = row(result, "adamw and copy");
        assertThat(update.bytesPerSecond() * update.p50Us() / 1e6).isCloseTo(65_536 * 30.0, within(1e-1));
        Row attention = row(result, "attention");
        assertThat(attention.shape()).isEqualTo("1 x 64 x 2 x 32");
        assertThat(attention.flopsPerSecond() * attention.p50Us() / 1e6).isCloseTo(2.0 * 64 * 64 * 64, within(1e-1));
    }

    @Test
    void shouldWriteWhatAMachineReads() {
        assertThat(JsonLine.write(run()))
                .contains(
                        "\"stand_in\":false",
                        "\"size\":\"small\"",
                        "\"cores\":",
                        "\"p50_us\":",
                        "\"flops_per_second\":");
    }

    @Test
    void shouldKnowTheStandInByItsName() {
        assertThat(StandIn.is("cuda, CUDA stand-in on the CPU, compute capability 8.0, 256 MiB"))
                .isTrue();
        assertThat(StandIn.is("cuda, NVIDIA A100, compute capability 8.0")).isFalse();
    }

    @Test
    void shouldTakeTheMedianOfWarmCalls() {
        long[] now = {0};
        List<Integer> calls = new ArrayList<>();
        Repeats repeats = new Repeats(() -> now[0], 0.1);

        double ns = repeats.medianNs(
                () -> {
                    calls.add(1);
                    now[0] += calls.size() < 3 ? 50_000_000 : 4_000_000;
                },
                () -> now[0] += 1_000_000);

        assertThat(ns).as("warm-ups are not counted").isEqualTo(5_000_000);
        assertThat(calls).hasSize(2 + 20);
    }

    @Test
    void shouldSubmitShortWorkTogether() {
        long[] now = {0};

        double ns = new Repeats(() -> now[0], 0.01).medianNs(() -> now[0] += 10_000, () -> now[0] += 90_000);

        assertThat(ns).as("20 calls share one wait").isEqualTo(14_500);
    }

    @Test
    void shouldEndWhereAClockStandsStill() {
        assertThat(new Repeats(() -> 7, 1).medianNs(() -> {}, () -> {})).isEqualTo(0.01);
    }

    private DeviceBench.Result run() {
        DeviceBench.Listener listener = new DeviceBench.Listener() {
            @Override
            public void begins(Table table) {
                heard.add(table.name());
            }

            @Override
            public void measured(Row row) {
                heard.add(row.name());
            }
        };
        try (Device device = CpuDevice.open(CpuOptions.fast(1))) {
            return DeviceBench.run(device, new DeviceBench.Options(BenchSize.SMALL, 0.001), System::nanoTime, listener);
        }
    }

    private static List<String> names(DeviceBench.Result result, Table table, String dtype) {
        return result.rows().stream()
                .filter(row -> row.table() == table && row.dtype().equals(dtype))
                .map(Row::name)
                .toList();
    }

    private static Row row(DeviceBench.Result result, String name) {
        return result.rows().stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
