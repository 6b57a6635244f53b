package io.dunlin.launcher.agent;

import io.dunlin.launcher.worker.LaunchSpec;

/** Starts rank processes; what they say and how they end arrives on the agent's {@link Timeline}. */
interface RankLauncher {
    /**
     * Starts the process of one rank and hands it its specification.
     *
     * @throws LaunchException if the operating system refuses
     */
    RankHandle start(LaunchSpec spec);
}
