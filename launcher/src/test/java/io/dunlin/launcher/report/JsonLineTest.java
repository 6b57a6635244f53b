package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JsonLineTest {
    static List<Report> everyReport() {
        return List.of(
                new Report.Entered(Phase.FIRST_STEP),
                new Report.Ready(3, "a1b2"),
                new Report.Prepared("cpu", 10, List.of(new Report.Memory("weights", 40)), 4, 1000, 100),
                new Report.Restored(20, "ckpt/step-00000020", 99, 5, List.of("step-00000030: no manifest")),
                new Report.Step(7, 100, 4.5, 1.25, 1e-3, true, 512, 3584, 1, 2, 3, 4),
                new Report.Step(8, 100, Double.NaN, Double.POSITIVE_INFINITY, 1e-3, false, 512, 4096, 1, 2, 3, 4),
                new Report.Evaluated(10, 3.5, 100, 9, true),
                new Report.Sampled(10, "public", " final \"x\"\n\u2603"),
                new Report.Committing(3, 10),
                new Report.Saved(10, "ckpt/step-00000010", 1 << 20, 31),
                new Report.Notice(Report.Level.WARNING, "DUN-305", "skipped"),
                new Report.Where(List.of("a.B.c(B.java:1)")),
                new Report.Sent(10, 9, List.of(new Report.LevelBytes(Topology.Scale.CLUSTER, 7, 8))),
                new Report.Quantized(
                        16,
                        List.of(
                                new Report.UnitQuality("gradients", 2, 8, 6.5, 4),
                                new Report.UnitQuality("weights", 0, 8, Double.NaN, 8))),
                new Report.Failed("DUN-701", "gone", "", 10, 6, Report.Cause.PEER, "at x\n at y"),
                new Report.Done(100, Report.End.FINISHED));
    }

    static List<Command> everyCommand() {
        return List.of(
                new Command.Go(),
                new Command.Stop(),
                new Command.Save(),
                new Command.Commit(2, 10),
                new Command.Abort("rank 3 ended by signal 9"),
                new Command.Dump());
    }

    @ParameterizedTest
    @MethodSource("everyReport")
    void shouldReadBackEveryReportFromOneLine(Report report) {
        String line = JsonLine.write(report);

        assertThat(line).doesNotContain("\n");
        assertThat(JsonLine.read(line, Report.class)).contains(report);
    }

    @ParameterizedTest
    @MethodSource("everyCommand")
    void shouldReadBackEveryCommandFromOneLine(Command command) {
        assertThat(JsonLine.read(JsonLine.write(command), Command.class)).contains(command);
    }

    @Test
    void shouldReadBackALaunchSpecWithTheWholeJobFileInIt() {
        LaunchSpec spec = new LaunchSpec(
                "r1",
                Path.of("/x/y"),
                "[run]\nname = \"a\"\n",
                1,
                2,
                3,
                "h",
                "",
                new LaunchSpec.Network(
                        List.of(new RankAddress("a", "127.0.0.1:1"), new RankAddress("b", "127.0.0.1:2")), 1472),
                1,
                new LaunchSpec.DataFiles(List.of(Path.of("/d/train.bin")), List.of()),
                LaunchSpec.Start.at(40));

        String line = JsonLine.write(spec);

        assertThat(line).doesNotContain("\n");
        assertThat(JsonLine.read(line, LaunchSpec.class)).contains(spec);
    }

    @Test
    void shouldTakeAnythingElseForWhatItIs() {
        assertThat(JsonLine.read("onednn_verbose,v1,info", Report.class)).isEmpty();
        assertThat(JsonLine.read("{\"report\":\"unknown\"}", Report.class)).isEmpty();
        assertThat(JsonLine.read("{ half a li", Report.class)).isEmpty();
        assertThat(JsonLine.read("", Report.class)).isEmpty();
    }
}
