package io.dunlin.launcher.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.engine.SoloCommunicator;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.job.JobOutline;
import io.dunlin.launcher.report.Report;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Traffic;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SentBytesTest {
    private static final StepResult RESULT =
            new StepResult(1, 2.5, 1.5, 6e-4, true, 1024, Set.of(), new StepResult.Times(1, 1, 1, 1));

    private final Map<Scale, Long> sent = new EnumMap<>(Scale.class);
    private final TrainState state = new TrainState();

    @Test
    void shouldCountStepsAndNotWhatIsSentBetweenThem() {
        send(Scale.HOST, 1_000_000); // a checkpoint is read
        SentBytes bytes = new SentBytes(new SoloCommunicator(Group.world(1)), scale -> sent.getOrDefault(scale, 0L));
        send(Scale.HOST, 2_000_000); // so that the weights agree
        bytes.open();
        for (int step = 0; step < 4; step++) {
            send(Scale.HOST, 30);
            send(Scale.CLUSTER, 10);
            bytes.closing().afterStep(state, RESULT);
            send(Scale.CLUSTER, 5_000_000); // an evaluation
            bytes.opening().afterStep(state, RESULT);
        }
        send(Scale.CLUSTER, 7_000_000); // the last checkpoint

        assertThat(bytes.steps()).isEqualTo(4);
        assertThat(bytes.ofAllRanks()).containsExactly(0, 30, 10);
    }

    @Test
    void shouldPutWhatIsPlannedForTheSameJobBesideIt() {
        Job job = job("""
                launch.ranks = 4
                parallel.shard = "zero3"
                parallel.topology = "2x2"
                """);
        Traffic planned = new Planner(JobOutline.topology(job), Optional.empty(), 1)
                .plan(JobOutline.workload(job), ShardDegrees.ZERO3)
                .traffic();

        assertThat(new TrafficReport(job, JobOutline.topology(job)).of(20, 10, new long[] {0, 30, 10}))
                .hasValueSatisfying(report -> assertThat(((Report.Sent) report).levels())
                        .containsExactly(
                                new Report.LevelBytes(Scale.HOST, planned.totalBytes(Scale.HOST), 30),
                                new Report.LevelBytes(Scale.CLUSTER, planned.totalBytes(Scale.CLUSTER), 10)));
    }

    @Test
    void shouldHaveNothingToSayOfOneRankOrOfNoStep() {
        Job alone = job("");
        Job two = job("launch.ranks = 2\n");

        assertThat(new TrafficReport(alone, JobOutline.topology(alone)).of(20, 10, new long[3]))
                .isEmpty();
        assertThat(new TrafficReport(two, JobOutline.topology(two)).of(20, 0, new long[3]))
                .isEmpty();
    }

    private void send(Scale scale, long bytes) {
        sent.merge(scale, bytes, Long::sum);
    }

    private static Job job(String more) {
        return JobFile.parse("run.name = \"a\"\ndata.text = \"/a.txt\"\n" + more)
                .job();
    }
}
