package io.dunlin.integration;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that found unlike devices would not train the same: the run is refused, and both kinds are named. */
@NeedsCuda
@Tag("standin-only")
class UnlikeDevicesTest {
    private static final int WRONG_JOB = 2;

    @TempDir
    private Path folder;

    @Test
    void shouldRefuseWhereOnlyOneHostHasAGpu() {
        assumeThat(Path.of("/proc/driver/nvidia")).as("no GPU of its own").doesNotExist();
        String shell = StandInEnvironment.build().variables().entrySet().stream()
                .map(variable -> variable.getKey() + "=" + variable.getValue())
                .collect(Collectors.joining(" ", "env ", ""));
        TestJob job = TestJob.tiny(5)
                .with("train.device", "\"auto\"")
                .with("launch.restarts", 0)
                .on(List.of("127.0.0.1", "127.0.0.2"), shell);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("unlike", job, 2);

            agent.line("no GPU is used: CUDA cannot be used here: there is no driver");
            agent.line("DUN-531.*device is cpu on rank 0 but cuda on rank 1");
            agent.endsWith(WRONG_JOB);
        }
    }
}
