package io.dunlin.launcher.bench;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.engine.AeronCommunicators;
import io.dunlin.collectives.engine.CommunicatorSettings;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The one member in this process, connected with those in others. */
final class ConnectedMember implements Crew {
    private static final int GENERATION = 1;

    private final Communicator communicator;
    private final Optional<MediaDriverHost> driver;
    private final Arena arena = Arena.ofShared();
    private final Member member;

    private ConnectedMember(Communicator communicator, Optional<MediaDriverHost> driver, long largestBytes) {
        this.communicator = communicator;
        this.driver = driver;
        this.member = new Member(communicator, arena, largestBytes, System::nanoTime);
    }

    /** Joins through the media driver of the process that started this one. */
    static ConnectedMember overIpc(CrewSpec spec) {
        Communicator communicator =
                connect(spec, ProcessCrew.aeronDir(spec.folder()), RankAddress.sameHost(spec.ranks()));
        return new ConnectedMember(communicator, Optional.empty(), spec.largestBytes());
    }

    /** Joins as a host of its own, with a media driver of its own. */
    static ConnectedMember overUdp(CrewSpec spec) {
        Path directory = spec.folder().resolve("aeron-" + spec.rank());
        MediaDriverHost driver =
                MediaDriverHost.start(new MediaDriverSettings(directory, 1, spec.ranks(), AeronProfile.STANDARD));
        try {
            List<RankAddress> addresses = spec.endpoints().stream()
                    .map(endpoint -> new RankAddress(endpoint, endpoint))
                    .toList();
            return new ConnectedMember(
                    connect(spec, driver.directory(), addresses), Optional.of(driver), spec.largestBytes());
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    private static Communicator connect(CrewSpec spec, Path aeronDir, List<RankAddress> addresses) {
        return AeronCommunicators.connect(
                new CommunicatorSettings(
                        spec.run(), GENERATION, Group.world(spec.ranks()), spec.rank(), Limits.JOIN, Limits.OPERATION),
                new AeronSettings(aeronDir, GENERATION, spec.rank(), addresses, AeronProfile.STANDARD));
    }

    @Override
    public Answers tell(Order order, Duration limit) {
        return Answers.of(member.obey(order)); // its operations have deadlines of their own
    }

    @Override
    public void close() {
        communicator.close();
        arena.close();
        driver.ifPresent(MediaDriverHost::close);
    }
}
