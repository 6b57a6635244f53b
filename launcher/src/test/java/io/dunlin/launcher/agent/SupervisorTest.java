package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.Simulation.FakeRank;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class SupervisorTest {
    private final Simulation world = new Simulation(3);

    private ExitCode run() {
        return world.supervisor(3, Duration.ofSeconds(1)).run(LaunchSpec.Start.NEWEST);
    }

    /** All ranks train; {@code rank} of generation {@code generation} does {@code what} instead of step {@code step}. */
    private void script(long generation, int rank, long step, Simulation.Behaviour what) {
        Simulation.Behaviour before = world.behaviour;
        world.behaviour = one -> {
            if (one.spec.generation() == generation && one.spec.rank() == rank) {
                one.beforeStep = self -> {
                    if (self.step + 1 == step) {
                        what.start(self);
                    }
                };
            }
            before.start(one);
        };
    }

    @Test
    void shouldTrainToTheEndAndLeaveNoRankBehind() {
        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.told(RunEvent.Ended.class).getFirst())
                .returns(RunEvent.Outcome.FINISHED, RunEvent.Ended::outcome)
                .returns(5L, RunEvent.Ended::step)
                .returns(4L, RunEvent.Ended::lastSaved);
        assertThat(world.told(RunEvent.Live.class)).hasSize(1);
        assertThat(world.started).noneMatch(rank -> rank.running);
    }

    @Test
    void shouldSendGoOnlyWhenAllRanksHaveSaidTheSameMembers() {
        world.behaviour = rank -> {
            boolean wrong = rank.spec.rank() == 1;
            rank.say(new Report.Ready(rank.spec.generation(), wrong ? "other" : rank.spec.memberHash()));
        };

        assertThat(run()).isEqualTo(ExitCode.HANG);

        assertThat(world.started).noneMatch(rank -> rank.commands.contains(new Command.Go()));
        assertThat(world.told(RunEvent.Ended.class).getFirst().code()).isEqualTo("DUN-203");
    }

    @Test
    void shouldSayWhoIsMissingAtTheRendezvous() {
        world.behaviour = rank -> {
            if (rank.spec.rank() != 2) {
                rank.train();
            }
        };

        assertThat(run()).isEqualTo(ExitCode.HANG);

        assertThat(world.told(RunEvent.Waiting.class).getFirst())
                .returns(Phase.START, RunEvent.Waiting::phase)
                .returns(List.of(2), RunEvent.Waiting::missing);
        assertThat(world.told(RunEvent.Hang.class).getFirst().where()).hasSize(3);
    }

    @Test
    void shouldTellTheSurvivorsAtOnceAndGoOnFromTheNewestCheckpoint() {
        script(1, 1, 4, rank -> rank.exit(137));

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.ofGeneration(1).get(0).commands).contains(new Command.Abort("rank 1 ended by signal 9"));
        assertThat(world.told(RunEvent.RankLost.class).getFirst())
                .returns(1, RunEvent.RankLost::rank)
                .returns(4L, RunEvent.RankLost::step)
                .returns(1001L, RunEvent.RankLost::pid);
        assertThat(world.told(RunEvent.Restarting.class))
                .containsExactly(new RunEvent.Restarting(1, 3, 2, 1, Duration.ofSeconds(1)));
        assertThat(world.ofGeneration(2)).extracting(rank -> rank.spec.start()).containsOnly(LaunchSpec.Start.NEWEST);
        assertThat(world.ofGeneration(1)).noneMatch(rank -> rank.running);
    }

    @Test
    void shouldTellWhereTheTimeOfARestartWent() {
        script(1, 1, 4, rank -> rank.exit(137));

        run();

        RunEvent.Budget budget = world.told(RunEvent.Recovered.class).getFirst().budget();
        assertThat(budget.stop()).isBetween(Duration.ofMillis(100), Duration.ofMillis(300));
        assertThat(budget.backOff()).isEqualTo(Duration.ofSeconds(1));
        assertThat(budget.start()).isEqualTo(Duration.ofMillis(300));
        assertThat(budget.load()).isEqualTo(Duration.ofMillis(200));
        assertThat(budget.firstStep()).isEqualTo(Duration.ofMillis(500));
        assertThat(world.told(RunEvent.Recovered.class)).hasSize(1);
    }

    @Test
    void shouldNameTheKilledRankEvenWhereItsPeersComplainFirst() {
        script(1, 0, 3, rank -> {
            rank.fail(10, Report.Cause.PEER);
            world.in(Duration.ofMillis(20), () -> world.ofGeneration(1).get(2).exit(137));
        });

        run();

        assertThat(world.told(RunEvent.RankLost.class).getFirst().rank()).isEqualTo(2);
    }

    @Test
    void shouldGiveUpWhenTheSameStepFailsTwice() {
        script(1, 1, 3, rank -> rank.fail(1, Report.Cause.OWN));
        script(2, 2, 3, rank -> rank.fail(1, Report.Cause.OWN));

        assertThat(run()).isEqualTo(ExitCode.RANK_FAILED);

        assertThat(world.told(RunEvent.Ended.class).getFirst().code()).isEqualTo("DUN-205");
        assertThat(world.ofGeneration(3)).isEmpty();
    }

    @Test
    void shouldTryAgainWhenARankIsKilledTwiceWhileItStarts() {
        world.behaviour = rank -> {
            if (rank.spec.generation() <= 2 && rank.spec.rank() == 1) {
                rank.exit(137);
            } else {
                rank.train();
            }
        };

        assertThat(run()).isEqualTo(ExitCode.DONE);
    }

    @Test
    void shouldGiveUpWhenTheRestartsAreUsedUp() {
        for (int generation = 1; generation <= 4; generation++) {
            script(generation, 0, 4 - generation % 2, rank -> rank.exit(134));
        }

        assertThat(run()).isEqualTo(ExitCode.RANK_FAILED);

        assertThat(world.told(RunEvent.Ended.class).getFirst().code()).isEqualTo("DUN-202");
        assertThat(world.told(RunEvent.Restarting.class))
                .extracting(RunEvent.Restarting::backOff)
                .containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void shouldNotStartAgainWhatWouldEndTheSameWay() {
        script(1, 1, 1, rank -> rank.fail(ExitCode.CHECKPOINT.number(), Report.Cause.OWN));

        assertThat(run()).isEqualTo(ExitCode.CHECKPOINT);

        assertThat(world.ofGeneration(2)).isEmpty();
    }

    @Test
    void shouldStartFromTheSameCheckpointAgainIfItNeverGotToTrain() {
        world.behaviour = rank -> {
            if (rank.spec.generation() == 1) {
                rank.exit(134);
            } else {
                rank.train();
            }
        };
        world.savedStep = 2;

        ExitCode code = world.supervisor(3, Duration.ZERO).run(LaunchSpec.Start.at(2));

        assertThat(code).isEqualTo(ExitCode.DONE);
        assertThat(world.ofGeneration(2)).extracting(rank -> rank.spec.start()).containsOnly(LaunchSpec.Start.at(2));
    }

    @Test
    void shouldNotAskARankToLeaveThatIsStillStarting() {
        world.behaviour = rank -> {
            if (rank.spec.generation() == 1 && rank.spec.rank() == 1) {
                rank.exit(137);
            } else if (rank.spec.rank() == 2 && rank.spec.generation() == 1) {
                rank.deaf = true;
            } else {
                rank.train();
            }
        };

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.told(RunEvent.GenerationEnded.class).getFirst().took()).isLessThan(Duration.ofSeconds(1));
        assertThat(world.told(RunEvent.RankLost.class).getFirst().rank()).isEqualTo(1);
    }

    @Test
    void shouldKillARankThatDoesNotLeave() {
        script(1, 1, 4, rank -> {
            world.ofGeneration(1).get(2).deaf = true;
            rank.exit(139);
        });

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.ofGeneration(1).get(2).killed).isTrue();
        assertThat(world.told(RunEvent.GenerationEnded.class).getFirst())
                .returns(1, RunEvent.GenerationEnded::killed)
                .returns(List.of(0, 2), RunEvent.GenerationEnded::survivors);
    }

    @Test
    void shouldFinishTheStepAndSaveWhenAskedToStop() {
        world.in(Duration.ofMillis(1250), () -> world.ask(AgentEvent.Ask.STOP));

        assertThat(run()).isEqualTo(ExitCode.STOPPED);

        RunEvent.Ended ended = world.told(RunEvent.Ended.class).getFirst();
        assertThat(ended.outcome()).isEqualTo(RunEvent.Outcome.STOPPED);
        assertThat(ended.lastSaved()).isEqualTo(ended.step()).isBetween(1L, 4L);
    }

    @Test
    void shouldStopAtOnceWhileItWaitsToStartAgain() {
        script(1, 1, 4, rank -> {
            rank.exit(137);
            world.in(Duration.ofMillis(600), () -> world.ask(AgentEvent.Ask.STOP));
        });

        assertThat(run()).isEqualTo(ExitCode.STOPPED);

        assertThat(world.ofGeneration(2)).isEmpty();
    }

    @Test
    void shouldKillEverythingWhenInterrupted() {
        world.in(Duration.ofMillis(1250), () -> world.ask(AgentEvent.Ask.INTERRUPT));

        assertThat(run()).isEqualTo(ExitCode.INTERRUPTED);

        assertThat(world.started).allMatch(rank -> rank.killed && !rank.running);
    }

    @Test
    void shouldSayWhereEveryRankIsWhenNothingMoves() {
        script(1, 2, 3, rank -> rank.deaf = true);
        script(1, 0, 3, rank -> rank.stuck = true);
        script(1, 1, 3, rank -> rank.stuck = true);

        assertThat(run()).isEqualTo(ExitCode.HANG);

        RunEvent.Hang hang = world.told(RunEvent.Hang.class).getFirst();
        assertThat(hang.phase()).isEqualTo(Phase.STEP);
        assertThat(hang.where().get(0)).contains("rank 0", "step 3", "a.B.c(B.java:7)");
        assertThat(hang.where().get(2)).contains("rank 2", "does not answer");
        assertThat(world.told(RunEvent.Ended.class).getFirst())
                .returns("DUN-206", RunEvent.Ended::code)
                .satisfies(ended -> assertThat(ended.reason()).contains("no answer from rank 2"));
        assertThat(world.started).noneMatch(rank -> rank.running);
    }

    @Test
    void shouldNotLetAStaleRankCommit() {
        script(1, 1, 4, rank -> rank.exit(137));
        script(2, 0, 4, rank -> {
            FakeRank stale = world.ofGeneration(1).get(0);
            stale.running = true;
            stale.say(new Report.Committing(1, 4));
            stale.running = false;
            rank.say(new Report.Committing(2, 4));
        });

        run();

        assertThat(world.ofGeneration(1).get(0).commands).noneMatch(Command.Commit.class::isInstance);
        assertThat(world.ofGeneration(2).get(0).commands).contains(new Command.Commit(2, 4));
    }

    @Test
    void shouldObeyARequestThatComesWhileAFailedGenerationEnds() {
        script(1, 1, 4, rank -> {
            rank.exit(137);
            world.in(Duration.ofMillis(60), () -> world.ask(AgentEvent.Ask.STOP));
        });

        assertThat(run()).isEqualTo(ExitCode.STOPPED);

        assertThat(world.ofGeneration(2)).isEmpty();
    }

    @Test
    void shouldNotWaitForARankThatIsDoneAndDoesNotLeave() {
        world.behaviour = rank -> {
            rank.lingers = rank.spec.rank() == 1;
            rank.train();
        };

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.ofGeneration(1)).extracting(rank -> rank.killed).containsExactly(false, true, false);
    }

    @Test
    void shouldStayCalmWhileItWaits() {
        world.behaviour = rank -> world.in(Duration.ofSeconds(25), rank::train);

        run();

        assertThat(world.told(RunEvent.Waiting.class))
                .extracting(waiting -> waiting.waited().toSeconds())
                .containsExactly(2L, 12L, 22L);
    }

    @Test
    void shouldNameTheRankThatFrozeWhenItsPeersGaveItUp() {
        script(1, 0, 3, rank -> {
            world.ofGeneration(1).get(1).deaf = true;
            rank.fail(10, Report.Cause.PEER);
        });

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.told(RunEvent.RankLost.class).getFirst())
                .returns(1, RunEvent.RankLost::rank)
                .returns("did not react (process running) and was killed", RunEvent.RankLost::ending);
    }

    @Test
    void shouldWaitForAHostThatWasThereAndIsNot() {
        script(1, 1, 4, rank -> rank.exit(137));
        world.refused = spec -> spec.rank() == 2 && (spec.generation() == 2 || spec.generation() == 3);

        assertThat(run()).isEqualTo(ExitCode.DONE);

        assertThat(world.told(RunEvent.Restarting.class))
                .containsExactly(
                        new RunEvent.Restarting(1, 3, 2, 1, Duration.ofSeconds(1)),
                        new RunEvent.Restarting(2, 3, 2, 1, Duration.ofSeconds(2)),
                        new RunEvent.Restarting(3, 3, 2, 1, Duration.ofSeconds(4)));
        assertThat(world.told(RunEvent.Notice.class))
                .extracting(RunEvent.Notice::text)
                .filteredOn(text -> text.startsWith("DUN-221  host h has not answered"))
                .hasSize(2);
        assertThat(world.started.stream().filter(rank -> rank.spec.generation() < 4))
                .noneMatch(rank -> rank.running);
    }

    @Test
    void shouldEndWithTheCodeOfTheHostThatDoesNotComeBack() {
        script(1, 1, 4, rank -> rank.exit(137));
        world.refused = spec -> spec.generation() > 1;

        assertThat(run()).isEqualTo(ExitCode.ENVIRONMENT);

        assertThat(world.told(RunEvent.Ended.class).getFirst())
                .returns("DUN-221", RunEvent.Ended::code)
                .returns(3L, RunEvent.Ended::step);
        assertThat(world.told(RunEvent.Restarting.class)).hasSize(3);
    }

    @Test
    void shouldNotTryAgainWhatCouldNotBeStartedTheFirstTime() {
        world.refused = spec -> spec.rank() == 1;

        assertThat(run()).isEqualTo(ExitCode.ENVIRONMENT);

        assertThat(world.told(RunEvent.Restarting.class)).isEmpty();
        assertThat(world.started).hasSize(1).noneMatch(rank -> rank.running);
    }
}
