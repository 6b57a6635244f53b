package io.dunlin.launcher.bench;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.engine.AeronCommunicators;
import io.dunlin.collectives.engine.CommunicatorSettings;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The one member in this process, connected with those in others. */
final class ConnectedMember implements Crew {
    private static final int GENERATION = 1;

    /** Closed in the opposite order. */
    private final Deque<Runnable> closings = new ArrayDeque<>();

    private final Member member;

    private ConnectedMember(CrewSpec spec, Connection connection) {
        try {
            this.member = connection.member(spec, closings);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** A way to meet the others. */
    private interface Connection {
        Member member(CrewSpec spec, Deque<Runnable> closings);
    }

    /** Joins through the media driver of the process that started this one; all its memory can be addressed by the others. */
    static ConnectedMember overSharedMemory(CrewSpec spec) {
        return new ConnectedMember(spec, ConnectedMember::shared);
    }

    /** Joins through the media driver of the process that started this one. */
    static ConnectedMember overIpc(CrewSpec spec) {
        return new ConnectedMember(
                spec,
                (from, closings) -> streams(
                        from, ProcessCrew.aeronDir(from.folder()), RankAddress.sameHost(from.ranks()), closings));
    }

    /** Joins as a host of its own, with a media driver of its own. */
    static ConnectedMember overUdp(CrewSpec spec) {
        return new ConnectedMember(spec, ConnectedMember::udp);
    }

    private static Member shared(CrewSpec spec, Deque<Runnable> closings) {
        RankCommunicators.World world = new RankCommunicators.World(
                spec.run(),
                GENERATION,
                spec.rank(),
                spec.ranks(),
                Limits.JOIN,
                Limits.OPERATION,
                ReductionOrder.FASTEST,
                spec.table(),
                Tuning.STANDARD_NETWORK_BYTES_PER_SECOND,
                Optional.empty());
        RankCommunicators mine = RankCommunicators.overAeron(
                world, ProcessCrew.aeronDir(spec.folder()), RankAddress.sameHost(spec.ranks()), AeronProfile.STANDARD);
        closings.push(mine::close);
        Communicator communicator = mine.open(Group.world(spec.ranks()), Priority.GRADIENTS);
        closings.push(communicator::close);
        return new Member(communicator, mine.memory()::allocate, spec.largestBytes(), System::nanoTime);
    }

    private static Member udp(CrewSpec spec, Deque<Runnable> closings) {
        Path directory = spec.folder().resolve("aeron-" + spec.rank());
        MediaDriverHost driver =
                MediaDriverHost.start(new MediaDriverSettings(directory, 1, spec.ranks(), AeronProfile.STANDARD));
        closings.push(driver::close);
        List<RankAddress> addresses = spec.endpoints().stream()
                .map(endpoint -> new RankAddress(endpoint, endpoint))
                .toList();
        return streams(spec, driver.directory(), addresses, closings);
    }

    private static Member streams(CrewSpec spec, Path aeronDir, List<RankAddress> addresses, Deque<Runnable> closings) {
        Arena arena = Arena.ofShared();
        closings.push(arena::close);
        Communicator communicator = AeronCommunicators.connect(
                new CommunicatorSettings(
                                spec.run(),
                                GENERATION,
                                Group.world(spec.ranks()),
                                spec.rank(),
                                Limits.JOIN,
                                Limits.OPERATION)
                        .withTuning(Tuning.standard(spec.ranks()).withTable(spec.table())),
                new AeronSettings(aeronDir, GENERATION, spec.rank(), addresses, AeronProfile.STANDARD));
        closings.push(communicator::close);
        return new Member(communicator, Member.in(arena), spec.largestBytes(), System::nanoTime);
    }

    @Override
    public Answers tell(Order order, Duration limit) {
        return Answers.of(member.obey(order)); // its operations have deadlines of their own
    }

    @Override
    public void close() {
        while (!closings.isEmpty()) {
            closings.pop().run();
        }
    }
}
