package io.dunlin.launcher.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.train.StepRequest;
import io.dunlin.train.TrainState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class AgentLinkTest {
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final TrainState state = new TrainState();

    private AgentLink link(String input) {
        return new AgentLink(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(said, false, StandardCharsets.UTF_8));
    }

    private Orders orders(AgentLink link, Duration patience) {
        return new Orders(link, state, Thread.currentThread(), patience);
    }

    private List<Report> reports() {
        return said.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> JsonLine.read(line, Report.class).orElseThrow())
                .toList();
    }

    @Test
    void shouldReadTheSpecificationThenCommandsThenTheEnd() throws InterruptedException {
        LaunchSpec spec = new LaunchSpec(
                "r",
                java.nio.file.Path.of("/r"),
                "",
                0,
                1,
                1,
                "h",
                "",
                LaunchSpec.Network.NONE,
                1,
                LaunchSpec.DataFiles.NONE,
                LaunchSpec.Start.NEWEST);
        AgentLink link = link(JsonLine.write(spec) + "\n" + JsonLine.write(new Command.Go()) + "\nnonsense\n"
                + JsonLine.write(new Command.Stop()) + "\n");
        List<Command> commands = new ArrayList<>();
        CountDownLatch gone = new CountDownLatch(1);

        assertThat(link.specification()).isEqualTo(spec);
        link.listen(commands::add, gone::countDown);
        gone.await();

        assertThat(commands).containsExactly(new Command.Go(), new Command.Stop());
    }

    @Test
    void shouldRefuseToBeStartedByHand() {
        assertThatThrownBy(link("hello\n")::specification)
                .isInstanceOf(WorkerException.class)
                .hasMessageContaining("hello");
        assertThatThrownBy(link("")::specification).hasMessageContaining("without a launch specification");
    }

    @Test
    void shouldTurnCommandsIntoRequestsOfTheRun() {
        Orders orders = orders(link(""), Duration.ofSeconds(1));

        orders.accept(new Command.Save());
        orders.accept(new Command.Stop());

        assertThat(TrainState.decode(state.takeRequests()))
                .containsExactlyInAnyOrder(StepRequest.SAVE, StepRequest.STOP);
    }

    @Test
    void shouldWaitForGoAndFailWhenNoneComes() {
        Orders orders = orders(link(""), Duration.ofMillis(10));
        assertThatThrownBy(() -> orders.awaitGo(3)).hasMessageContaining("rank 3");

        orders.accept(new Command.Go());
        orders.awaitGo(3);
        orders.throwIfAborted();
        assertThat(orders.wasAborted()).isFalse();
    }

    @Test
    void shouldFailWithTheCauseWhenToldToGiveUp() {
        Orders orders = orders(link(""), Duration.ofSeconds(1));

        orders.accept(new Command.Abort("rank 1 ended by signal 9"));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(orders.wasAborted()).isTrue();
        assertThatThrownBy(orders::throwIfAborted)
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("rank 1 ended by signal 9");
    }

    @Test
    void shouldCommitOnlyWithTheAgentsWordForThatStep() throws Exception {
        Orders orders = orders(link(""), Duration.ofSeconds(20));
        orders.accept(new Command.Commit(4, 90));
        CompletableFuture<Void> commit = CompletableFuture.runAsync(() -> orders.require(4, 100));
        await().until(() -> reports().contains(new Report.Committing(4, 100)));
        assertThat(commit).isNotDone();

        orders.accept(new Command.Commit(4, 100));

        commit.get();
    }

    @Test
    void shouldNotCommitWithoutTheAgentsWord() {
        Orders orders = orders(link(""), Duration.ofMillis(10));

        assertThatThrownBy(() -> orders.require(4, 100))
                .isInstanceOf(WorkerException.class)
                .hasMessageContaining("generation 4");
    }

    @Test
    void shouldAnswerADumpWithWhatTheTrainingThreadDoes() {
        orders(link(""), Duration.ZERO).accept(new Command.Dump());

        assertThat(((Report.Where) reports().getFirst()).frames())
                .anyMatch(frame -> frame.startsWith("AgentLinkTest.shouldAnswerADump"));
    }

    @Test
    void shouldSayWhyItEnds() {
        AgentLink link = link("");
        List<Integer> exits = new ArrayList<>();
        LastWords words = new LastWords(link, () -> 41, () -> false, exits::add);

        words.uncaughtException(Thread.currentThread(), new IllegalStateException("broken"));
        words.uncaughtException(Thread.currentThread(), new Known());
        words.uncaughtException(Thread.currentThread(), CollectiveException.peerLost("rank 2 is gone", List.of(2)));
        new LastWords(link, () -> 41, () -> true, exits::add)
                .uncaughtException(Thread.currentThread(), new IllegalStateException("interrupted"));

        assertThat(exits).containsExactly(1, 3, 10, 1);
        assertThat(reports())
                .extracting(report -> ((Report.Failed) report).cause())
                .containsExactly(Report.Cause.OWN, Report.Cause.OWN, Report.Cause.PEER, Report.Cause.PEER);
        Report.Failed known = (Report.Failed) reports().get(1);
        assertThat(known)
                .returns("DUN-999", Report.Failed::code)
                .returns("what", Report.Failed::message)
                .returns("remedy", Report.Failed::remedy)
                .returns(41L, Report.Failed::step);
        assertThat(((Report.Failed) reports().getFirst()).stack()).contains("AgentLinkTest");
    }

    @Test
    void shouldKeepReportsOfSeveralThreadsApart() throws InterruptedException {
        AgentLink link = link("");
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = 0; n < 200; n++) {
                    link.enter(Phase.STEP);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(reports()).hasSize(800);
    }

    private static final class Known extends DunlinException {
        private static final long serialVersionUID = 1L;

        Known() {
            super("DUN-999", "what", "remedy", ExitCode.ENVIRONMENT);
        }
    }
}
