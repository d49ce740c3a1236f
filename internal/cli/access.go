package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) login() *cobra.Command {
	var login string
	cmd := &cobra.Command{
		Use:   "login [URL]",
		Short: "Sign in and keep a token on this computer",
		Long:  "Sign in with login and password and keep an API token for 30 days in your configuration folder. The password is read from standard input.",
		Example: `  factory login http://127.0.0.1:8080 --as ada
  echo "$PASSWORD" | factory login --as ada`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := s.client()
			if len(args) == 1 {
				c.URL = args[0]
			}
			c.Token = ""
			in := bufio.NewReader(s.in)
			if login == "" {
				_, _ = fmt.Fprint(s.err, "login: ")
				login = line(in)
			}
			password, err := s.password(cmd.Context(), in)
			if err != nil {
				return err
			}
			sess, err := c.SignIn(cmd.Context(), client.SignIn{Login: login, Password: password})
			if err != nil {
				return err
			}
			return s.signedIn(cmd.Context(), c, sess)
		},
	}
	cmd.Flags().StringVar(&login, "as", "", "login (default: asked for)")
	return cmd
}

// signedIn makes a token in a new session and keeps it on this computer.
func (s *session) signedIn(ctx context.Context, c *client.Client, sess client.Session) error {
	host, _ := os.Hostname()
	c.Token = sess.Secret
	t, err := c.CreateToken(ctx, client.CreateToken{Name: "command line on " + host, Scopes: []string{"read", "write", "git", "registry", "telemetry", "flags"}, Days: 30})
	if err != nil {
		return err
	}
	if err := keep(kept{URL: c.URL, Token: t.Secret}); err != nil {
		return err
	}
	s.say("\nSigned in to %s as %s; the token works until %s.", c.URL, sess.Me.Name, t.Expires.Format("2006-01-02"))
	return nil
}

func (s *session) setup() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "setup LOGIN", Short: "Make the first account of a new factory and sign in", Args: cobra.ExactArgs(1),
		Long: "Make the first account of a new factory, with every role, and sign in with it.\nThe password is read from standard input. A browser that visits a new factory asks for the same.",
		Example: `  factory setup ada --name "Ada Lovelace"
  echo "$PASSWORD" | factory setup ada`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := s.client()
			c.Token = ""
			password, err := s.password(cmd.Context(), bufio.NewReader(s.in))
			if err != nil {
				return err
			}
			sess, err := c.Begin(cmd.Context(), client.FirstAccount{Login: args[0], Name: first(name, args[0]), Password: password})
			if err != nil {
				return err
			}
			return s.signedIn(cmd.Context(), c, sess)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "full name (default: LOGIN)")
	return cmd
}

// password asks for a password: at a terminal it is not shown, and an interrupt
// ends the question; otherwise it is the next line of the input.
func (s *session) password(ctx context.Context, in *bufio.Reader) (string, error) {
	prompt := func() { _, _ = fmt.Fprint(s.err, "password: ") }
	if f, ok := s.in.(*os.File); ok {
		if text, terminal, err := readHidden(ctx, f, prompt); terminal {
			_, _ = fmt.Fprintln(s.err)
			return text, err
		}
	}
	prompt()
	return line(in), nil
}

func line(in *bufio.Reader) string {
	text, err := in.ReadString('\n')
	if err != nil && err != io.EOF {
		return ""
	}
	return strings.TrimRight(text, "\r\n")
}

func keep(k kept) error {
	path := keptPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

func (s *session) logout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the token kept on this computer and forget it", Args: cobra.NoArgs,
		Example: "  factory logout",
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept := keptLogin()
			if kept.Token == "" {
				s.say("You were not signed in.")
				return nil
			}
			ended := (&client.Client{URL: kept.URL, Token: kept.Token}).SignOut(cmd.Context())
			if err := os.Remove(keptPath()); err != nil && !os.IsNotExist(err) {
				return err
			}
			if p, failed := errors.AsType[*client.Problem](ended); failed && p.Kind != "denied" { // denied: it had ended before
				s.say("Forgotten here, but the factory did not end it: %s\nRevoke it with: factory token revoke ID", p.Detail)
				return nil
			}
			s.say("Signed out of %s.", kept.URL)
			return nil
		},
	}
}

func (s *session) me() *cobra.Command {
	return &cobra.Command{
		Use: "me", Short: "Show who you are", Args: cobra.NoArgs, Example: "  factory me -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			me, err := s.client().Me(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(me, func(t *table) {
				t.row("NAME", "LOGIN", "ROLES", "TEAMS", "SCOPES")
				t.row(me.Name, me.Login, strings.Join(me.Roles, ","), strings.Join(me.Teams, ","), strings.Join(me.Scopes, ","))
			})
		},
	}
}

func (s *session) account() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Make and list accounts", Example: "  factory account list"}
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List accounts", Args: cobra.NoArgs, Example: "  factory account list -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Accounts(cmd.Context(), p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("LOGIN", "NAME", "ROLES", "TEAMS", "ACTIVE")
				for _, a := range page.Items {
					t.row(a.Login, a.Name, strings.Join(a.Roles, ","), strings.Join(a.Teams, ","), a.Active)
				}
			})
		},
	}
	paging(list, &p)
	var in client.CreateAccount
	create := &cobra.Command{
		Use: "create LOGIN", Short: "Make an account; its password is read from standard input", Args: cobra.ExactArgs(1),
		Example: `  echo "a long sentence as password" | factory account create grace --name "Grace Hopper" --role product`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Login = args[0]
			if in.Name == "" {
				in.Name = in.Login
			}
			password, err := s.password(cmd.Context(), bufio.NewReader(s.in))
			if err != nil {
				return err
			}
			in.Password = password
			a, err := s.client().CreateAccount(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(a, func(t *table) { t.row("made", a.Login, strings.Join(a.Roles, ",")) })
		},
	}
	create.Flags().StringVar(&in.Name, "name", "", "full name")
	create.Flags().StringSliceVar(&in.Roles, "role", nil, "role: board, product, member, platform or auditor (repeatable)")
	cmd.AddCommand(list, create, s.accountChange(), s.accountPassword())
	return cmd
}

func (s *session) accountChange() *cobra.Command {
	var name string
	var roles []string
	var active bool
	cmd := &cobra.Command{
		Use: "change LOGIN", Short: "Change an account's name or roles, or switch it off", Args: cobra.ExactArgs(1),
		Long:    "Change what the flags name and leave the rest. Switching an account off ends its sessions and tokens at once.",
		Example: "  factory account change grace --role product --role board\n  factory account change grace --active=false",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.accountOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			in := client.ChangeAccount{Name: a.Name, Roles: a.Roles, Active: a.Active, Version: a.Version}
			if cmd.Flags().Changed("name") {
				in.Name = name
			}
			if cmd.Flags().Changed("role") {
				in.Roles = roles
			}
			if cmd.Flags().Changed("active") {
				in.Active = active
			}
			if a, err = s.client().ChangeAccount(cmd.Context(), a.ID, in); err != nil {
				return err
			}
			return s.print(a, func(t *table) { t.row("changed", a.Login, a.Name, strings.Join(a.Roles, ","), activity(a.Active)) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "full name")
	cmd.Flags().StringSliceVar(&roles, "role", nil, "role: board, product, member, platform or auditor (repeatable; all that it shall have)")
	cmd.Flags().BoolVar(&active, "active", true, "whether it may sign in")
	return cmd
}

func (s *session) accountPassword() *cobra.Command {
	return &cobra.Command{
		Use: "password [LOGIN]", Short: "Change your password, or set another account's", Args: cobra.MaximumNArgs(1),
		Long: `Change your password: the one so far and the new one are read from standard input, a line each. Your
sessions elsewhere end; API tokens go on. With LOGIN the platform's people set the password of somebody
who has forgotten it, whose sessions end.`,
		Example: "  factory account password\n  echo \"a long sentence as password\" | factory account password grace",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := bufio.NewReader(s.in)
			ask := func(what string) (string, error) {
				_, _ = fmt.Fprint(s.err, what+" ")
				return s.password(cmd.Context(), in)
			}
			if len(args) == 0 {
				current, err := ask("your")
				if err != nil {
					return err
				}
				next, err := ask("new")
				if err != nil {
					return err
				}
				if err := s.client().ChangePassword(cmd.Context(), client.ChangePassword{Current: current, Password: next}); err != nil {
					return err
				}
				s.say("Your password was changed; you are signed out elsewhere.")
				return nil
			}
			a, err := s.accountOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			next, err := ask("new")
			if err != nil {
				return err
			}
			if err := s.client().ResetPassword(cmd.Context(), a.ID, client.ResetPassword{Password: next}); err != nil {
				return err
			}
			s.say("%s has another password; their sessions have ended.", a.Login)
			return nil
		},
	}
}

func activity(active bool) string {
	if active {
		return "active"
	}
	return "off"
}

// accountOf finds an account by its login.
func (s *session) accountOf(ctx context.Context, login string) (client.Account, error) {
	for p := (client.Paging{Limit: 500}); ; {
		page, err := s.client().Accounts(ctx, p)
		if err != nil {
			return client.Account{}, err
		}
		for _, a := range page.Items {
			if a.Login == login {
				return a, nil
			}
		}
		if p.After = page.Next; p.After == "" {
			return client.Account{}, &client.Problem{Kind: "not-found", Title: "not-found", Detail: "there is no account " + login, Next: "list the accounts: factory account list"}
		}
	}
}

func (s *session) tokens() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make, list and revoke your API tokens", Example: "  factory token create laptop --scope read --scope git"}
	var in client.CreateToken
	create := &cobra.Command{
		Use: "create NAME", Short: "Make a token; its secret is printed this once", Args: cobra.ExactArgs(1),
		Example: "  factory token create ci --scope read,git --days 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			t, err := s.client().CreateToken(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(t, func(tb *table) { tb.row(t.Secret) })
		},
	}
	create.Flags().StringSliceVar(&in.Scopes, "scope", []string{"read"}, "scope: read, write, git, registry, telemetry or flags (repeatable)")
	create.Flags().IntVar(&in.Days, "days", 30, "how long it works, at most 90")
	list := &cobra.Command{
		Use: "list", Short: "List your tokens", Args: cobra.NoArgs, Example: "  factory token list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Tokens(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "NAME", "SCOPES", "EXPIRES")
				for _, k := range page.Items {
					t.row(k.ID, k.Name, strings.Join(k.Scopes, ","), k.Expires.Format("2006-01-02"))
				}
			})
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "End a token at once", Args: cobra.ExactArgs(1), Example: "  factory token revoke 0192f0c1-...",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.client().RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			s.say("revoked")
			return nil
		},
	}
	cmd.AddCommand(create, list, revoke)
	return cmd
}
