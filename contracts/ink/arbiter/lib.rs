//! The arbiter: the games in which a false claim is narrowed down to one operation. Rules:
//! `assay_core::protocol::dispute`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

mod events;
mod referee;

pub use events::{Ended, Moved, Opened};

#[ink::contract]
mod arbiter {
    use super::referee::Remote;
    use super::{Ended, Moved, Opened};
    use assay_core::protocol::dispute::{self, Game, Stage};
    use assay_core::protocol::{Checked, Error, GameId};
    use ink::storage::{Lazy, Mapping};
    use shell::{bytes, Sent, Stored};

    // Under these names the types are part of the messages' signatures.
    type Claim = Sent<dispute::Claim>;
    type Move = Sent<dispute::Move>;

    /// The games.
    #[ink(storage)]
    pub struct Arbiter {
        deployer: AccountId,
        /// Each side's clock.
        game_blocks: BlockNumber,
        /// Who knows operators.
        referee: AccountId,
        /// Who may open games.
        escrow: Option<AccountId>,
        game_count: Lazy<GameId>,
        games: Mapping<GameId, Stored<Game>>,
    }

    impl Arbiter {
        /// An arbiter whose games give each side `game_blocks` in all, and that asks this referee. Its deployer has to
        /// name the escrow.
        #[ink(constructor)]
        pub fn new(game_blocks: BlockNumber, referee: AccountId) -> Self {
            Self {
                deployer: Self::env().caller(),
                game_blocks,
                referee,
                escrow: None,
                game_count: Lazy::default(),
                games: Mapping::default(),
            }
        }

        /// Names the escrow, the only one to open games. The deployer calls this, once.
        #[ink(message)]
        pub fn set_escrow(&mut self, escrow: AccountId) -> Checked {
            if self.env().caller() != self.deployer {
                return Err(Error::NotYours.into());
            }
            if self.escrow.is_some() {
                return Err(Error::Already.into());
            }
            self.escrow = Some(escrow);
            Ok(())
        }

        /// Opens a game about a claim; the escrow calls this.
        #[ink(message)]
        pub fn open(&mut self, claim: Claim, asserter: AccountId, challenger: AccountId) -> Checked<GameId> {
            if Some(self.env().caller()) != self.escrow {
                return Err(Error::NotYours.into());
            }
            let game = self.game_count();
            self.game_count.set(&game.checked_add(1).ok_or(Error::Overflow)?);
            let now = self.env().block_number();
            let Sent(claim) = claim;
            let opened = dispute::open_boxed(claim, bytes(&asserter), bytes(&challenger), now, self.game_blocks)?;
            self.games.insert(game, &Stored::of(&*opened));
            self.env().emit_event(Opened { game, asserter, challenger, claim: Stored::of(&*claim) });
            Ok(game)
        }

        /// Makes a move. One that ends the game also settles it with the escrow. One that the referee has no answer to
        /// is refused.
        #[ink(message)]
        pub fn play(&mut self, game: GameId, mv: Move) -> Checked {
            let caller = self.env().caller();
            let played = self.load(game)?;
            let referee = Remote(self.referee);
            dispute::play_in_place(played, &bytes(&caller), mv.0, self.env().block_number(), &referee)?;
            let next = played.mover().map(AccountId::from);
            self.env().emit_event(Moved { game, account: caller, next });
            self.store(game, played)
        }

        /// Ends a game whose mover's clock has run out. Anyone may call this.
        #[ink(message)]
        pub fn timeout(&mut self, game: GameId) -> Checked {
            let ended = self.load(game)?;
            dispute::time_out_in_place(ended, self.env().block_number())?;
            self.store(game, ended)
        }

        /// A game.
        #[ink(message)]
        pub fn game(&self, game: GameId) -> Option<Stored<Game>> {
            self.games.get(game)
        }

        /// How many games there have been: their ids count from 0.
        #[ink(message)]
        pub fn game_count(&self) -> GameId {
            self.game_count.get_or_default()
        }

        /// Each side's clock, in blocks.
        #[ink(message)]
        pub fn game_blocks(&self) -> BlockNumber {
            self.game_blocks
        }

        /// The escrow, once named.
        #[ink(message)]
        pub fn escrow(&self) -> Option<AccountId> {
            self.escrow
        }

        /// The referee.
        #[ink(message)]
        pub fn referee(&self) -> AccountId {
            self.referee
        }

        #[inline(never)]
        fn load(&self, game: GameId) -> Checked<&'static mut Game> {
            Ok(self.games.get(game).ok_or(Error::NoGame(game))?.own())
        }

        /// Stores a game, and tells the escrow if it is over.
        #[inline(never)]
        fn store(&mut self, id: GameId, game: &Game) -> Checked {
            let end = match game.stage {
                Stage::Over { asserter_won, verdict } => Some((asserter_won, verdict)),
                _ => None,
            };
            self.games.insert(id, &Stored::of(game));
            let Some((asserter_won, verdict)) = end else { return Ok(()) };
            self.env().emit_event(Ended { game: id, asserter_won, verdict: Stored::of(&verdict) });
            let escrow = self.escrow.ok_or(Error::Books)?;
            shell::call(escrow, 0, ink::selector_bytes!("on_game_over"), (id, asserter_won))
        }
    }
}
