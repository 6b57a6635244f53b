package io.dunlin.launcher.doctor;

import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/** A process that is started like a rank, says what it can compute with and how fast it could talk, and ends. */
final class RankProbe {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private RankProbe() {}

    /**
     * What it says.
     *
     * @param vectorBits of the preferred vector
     * @param device for people
     * @param loopback between two members
     */
    record Facts(int vectorBits, String device, LoopbackProbe.Facts loopback) {}

    static Probe<Facts> process(Installation installation, Path sharedMemory) {
        return new ProbeProcess<>(
                installation, List.of(RankProbe.class.getName(), sharedMemory.toString()), Facts.class, LIMIT);
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (CpuDevice device = CpuDevice.open(CpuOptions.fast(1))) {
            out.println(JsonLine.write(new Facts(
                    FloatVector.SPECIES_PREFERRED.vectorBitSize(),
                    device.description(),
                    LoopbackProbe.measure(Path.of(arguments[0])))));
        }
    }
}
