package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PlanCommandTest {
    private static final List<String> TWENTY_BILLION = List.of(
            "gpt2-124m",
            "--set",
            "model.layers=44",
            "--set",
            "model.width=6144",
            "--set",
            "model.heads=64",
            "--set",
            "model.context=2048",
            "--set",
            "train.micro_batch=2",
            "--set",
            "train.recompute=layer",
            "--set",
            "train.tokens_per_step=3145728");

    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    private int plan(List<String> job, String... more) {
        return tool.run(Stream.of(Stream.of("plan"), job.stream(), Stream.of(more))
                .flatMap(s -> s)
                .toArray(String[]::new));
    }

    @Test
    void shouldPlanTheJobOnThisHost() {
        assertThat(plan(List.of("jdk-source"), "--ranks", "2")).isZero();

        assertThat(recorded.err()).isEmpty();
        assertThat(recorded.out())
                .contains("model      gpt, ", "ranks      2 ranks on 1 host\n", "layout     none: weights over 1 rank")
                .containsPattern("total +[\\d.]+ MiB\n")
                .containsPattern("gradients +[\\d.]+ MB\n")
                .contains("checkpoint ")
                .doesNotContain("time ", "compare");
    }

    /** Ten times the network, a tenth of its time, but for the latency of its messages. */
    @Test
    void shouldReckonWithWhatWasMeasured() {
        List<String> zero3 = List.of("gpt2-124m", "--on", "2x2", "--set", "parallel.shard=zero3");
        assertThat(plan(zero3, "--gflops", "20", "--set", "launch.network_gbps=0.2"))
                .isZero();
        assertThat(plan(zero3, "--gflops", "20", "--set", "launch.network_gbps=2"))
                .isZero();

        assertThat(recorded.out()).contains("(100 % of 20 GFLOP/s)");
        List<Double> seconds = Pattern.compile("between hosts ([\\d.]+) s\n")
                .matcher(recorded.out())
                .results()
                .map(found -> Double.parseDouble(found.group(1)))
                .toList();
        assertThat(seconds).hasSize(2);
        assertThat(seconds.getFirst() / seconds.getLast()).isBetween(8.0, 10.0);
    }

    @Test
    void shouldNotMixPublishedFiguresWithMeasuredOnes() {
        assertThat(plan(TWENTY_BILLION, "--on", "2x2:a100", "--gflops", "20")).isEqualTo(2);

        assertThat(recorded.err()).contains("DUN-100", "--gflops and a device after --on cannot both be given");
    }

    @Test
    void shouldPlanForHardwareThatIsNotHere() {
        assertThat(plan(TWENTY_BILLION, "--on", "48x8:mi250x", "--set", "parallel.shard=topo"))
                .isZero();

        assertThat(recorded.err()).isEmpty();
        assertThat(recorded.out())
                .contains(
                        "384 ranks on 48x4x2 of mi250x",
                        "layout     topo: weights over 2 ranks, gradients 8, optimizer 384; up to 2 micro-batches a rank",
                        "of 64.0 GiB: fits",
                        "inside packages",
                        "topo : zero++",
                        "published: 1.71");
        assertThat(recorded.out().lines()).hasSizeLessThan(40).allSatisfy(line -> assertThat(line)
                .hasSizeLessThanOrEqualTo(120));
    }

    @Test
    void shouldRefuseWhatDoesNotFitAndSayWhatWould() {
        assertThat(plan(TWENTY_BILLION, "--on", "48x8:mi250x")).isEqualTo(3);

        assertThat(recorded.out())
                .contains("of 64.0 GiB: does not fit")
                .containsPattern("too large +by [\\d.]+ GiB; most of it: optimizer state")
                .containsPattern("parallel.shard = \"\\S+\" would fit: ");
    }

    @Test
    void shouldRankAllLayouts() {
        assertThat(plan(TWENTY_BILLION, "--on", "48x8:mi250x", "--search")).isZero();

        List<String> lines = recorded.out().lines().toList();
        int layouts = 25 + 52; // the latter with fewer bits for weights, gradients or both
        assertThat(lines).hasSize(3 + 2 + layouts + 4);
        assertThat(lines.get(5)).contains(" G4 ").doesNotContain("too large");
        assertThat(lines.get(4 + layouts)).startsWith("none ").endsWith("too large: optimizer state");
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(120));
    }

    @Test
    void shouldWriteTheSameAsAFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("plan.json");
        int status =
                plan(List.of("jdk-source"), "--ranks", "4", "--set", "parallel.shard=zero3", "--json", file.toString());

        assertThat(status).isZero();
        assertThat(Files.readString(file))
                .contains(
                        "\"ranks\" : 4",
                        "\"shard\" : \"zero3\"",
                        "\"fits\" : true",
                        "\"device\" : \"\"",
                        "\"totalBytes\" : ");
    }

    @Test
    void shouldTakeTheHostsOfTheJob() {
        List<String> uneven =
                List.of("jdk-source", "--hosts", "a:3,b:2", "--ranks", "5", "--set", "parallel.shard=hsdp");

        assertThat(plan(uneven)).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-533  ");
        assertThat(plan(uneven, "--set", "parallel.shard=zero++")).isZero();
        assertThat(recorded.out()).contains("5 ranks on 2 hosts");
    }

    @Test
    void shouldAskForPackagesWhereTheyMatter() {
        assertThat(plan(List.of("jdk-source"), "--on", "2x4", "--set", "parallel.shard=topo"))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-534  ").contains("2x2x2");
    }

    @ParameterizedTest
    @CsvSource({
        "--on,8,'--on expects HOSTSxRANKS'",
        "--on,2x4:b300,'--on knows no device b300'",
        "--memory,-1,'--memory expects'",
        "--efficiency,2,'--efficiency expects'",
        "--json,/none/plan.json,'--json: '"
    })
    void shouldSayWhatAnOptionExpects(String option, String value, String expected) {
        assertThat(plan(List.of("jdk-source"), option, value)).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  " + expected);
    }

    @Test
    void shouldLimitMemoryAsAsked() {
        assertThat(plan(List.of("jdk-source"), "--memory", "0.001")).isEqualTo(3);
        assertThat(recorded.out()).contains("of 1.02 MiB: does not fit", "no layout of these ranks fits");
    }
}
